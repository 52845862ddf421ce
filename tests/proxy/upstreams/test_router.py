"""Calling a model again where that helps, another where it does not, and neither where it would do harm."""

from typing import Any

import pytest

from burnish.testing import exchange
from proxy.errors import ApiError, UpstreamBroke
from proxy.upstreams.pool import Pool
from tests.proxy.upstreams.behind import Behind, Clock
from tests.support.upstream import CUT, Upstream, error, hangs_up, never, says

THREE: dict[str, Any] = {"retries": {"max": 2, "budget": 1.0}}
ONCE: dict[str, Any] = {"retries": {"max": 0}}


def with_fallback(second: Upstream, **model: Any) -> dict[str, Any]:
    """Sections for `fast`, which falls back to `other` at the second provider."""
    return {
        "model": {**ONCE, "fallbacks": ["other"], **model},
        "models": {"other": {"provider": "spare", "model": "large-instruct", **ONCE}},
        "providers": {"spare": {"base_url": second.base_url}},
    }


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [error(408), error(409), error(429), error(500), error(503), error(529), hangs_up()])
async def test_what_may_pass_is_tried_again(behind: Behind, upstream: Upstream, fault: Any, stream: bool) -> None:
    upstream.reply(fault, fault, says("third time"))
    assert (await behind.ask(behind.router(model=THREE), stream=stream)).text == "third time"
    assert [attempt.error is None for attempt in behind.attempts] == [False, False, True]
    assert len(behind.naps.taken) == 2


async def test_retries_send_the_same_bytes(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(error(500), error(500))
    await behind.ask(behind.router(model=THREE))
    assert len({request.body for request in upstream.requests}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
async def test_what_will_not_change_is_not_tried_again(behind: Behind, upstream: Upstream, status: int) -> None:
    upstream.reply(error(status))
    with pytest.raises(ApiError) as raised:
        await behind.ask(behind.router(model=THREE))
    assert raised.value.status == status
    assert "x-should-retry" not in raised.value.headers
    assert len(upstream.requests) == 1


async def test_a_silent_upstream_is_not_asked_again(behind: Behind, upstream: Upstream) -> None:
    upstream.always(never())
    with pytest.raises(ApiError) as raised:
        await behind.ask(behind.router(model=THREE, provider={"timeout": {"first_byte": "50ms"}}))
    assert raised.value.status == 504
    assert len(upstream.requests) == 1


async def test_nothing_is_tried_again_after_the_first_byte(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("a", CUT))
    with pytest.raises(UpstreamBroke):
        await behind.ask(behind.router(model=THREE), stream=True)
    assert len(upstream.requests) == 1


async def test_once_our_retries_are_used_the_client_is_told_not_to_retry(behind: Behind, upstream: Upstream) -> None:
    upstream.always(error(500))
    with pytest.raises(ApiError) as raised:
        await behind.ask(behind.router(model=THREE))
    assert raised.value.headers["x-should-retry"] == "false"
    assert len(upstream.requests) == 3


async def test_without_retries_of_ours_the_client_may_use_its_own(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(error(500))
    with pytest.raises(ApiError) as raised:
        await behind.ask(behind.router(model=ONCE))
    assert "x-should-retry" not in raised.value.headers


async def test_in_an_outage_retries_stay_a_share_of_the_calls(behind: Behind, upstream: Upstream) -> None:
    upstream.always(error(500))
    sections: dict[str, Any] = {
        "model": {"retries": {"max": 2, "budget": 0.1}},
        "provider": {"breaker": {"failures": 10_000}},
    }
    router = behind.router(**sections)
    for _ in range(100):
        with pytest.raises(ApiError) as raised:
            await behind.ask(router)
        assert raised.value.headers["x-should-retry"] == "false"
    assert 100 < len(upstream.requests) <= 100 + 10 + 100 * 0.1 + 1


async def test_a_short_wait_that_the_upstream_asks_for_is_kept(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(error(429, retry_after=3), error(429, headers={"retry-after-ms": "4500"}), says("ok"))
    await behind.ask(behind.router(model=THREE))
    assert behind.naps.taken == [3.0, 4.5]


async def test_a_long_wait_is_left_to_the_client(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(error(429, retry_after=60))
    with pytest.raises(ApiError) as raised:
        await behind.ask(behind.router(model=THREE))
    assert raised.value.headers == {"retry-after": "60"}
    assert not behind.naps.taken


async def test_an_upstream_that_says_not_to_retry_is_obeyed(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(error(500, headers={"x-should-retry": "false"}))
    with pytest.raises(ApiError) as raised:
        await behind.ask(behind.router(model=THREE))
    assert raised.value.headers["x-should-retry"] == "false"
    assert len(upstream.requests) == 1


async def test_an_upstream_that_says_to_retry_is_obeyed(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(error(400, headers={"x-should-retry": "true"}), says("ok"))
    assert (await behind.ask(behind.router(model=THREE))).text == "ok"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [error(401), error(404), error(429), error(500), hangs_up()])
async def test_another_model_answers_where_this_one_cannot(
    behind: Behind, upstream: Upstream, second: Upstream, fault: Any, stream: bool
) -> None:
    upstream.reply(fault)
    second.reply(says("from the other"))
    assert (await behind.ask(behind.router(**with_fallback(second)), stream=stream)).text == "from the other"
    assert second.requests[0].json()["model"] == "large-instruct"
    assert [attempt.provider for attempt in behind.attempts] == ["local", "spare"]
    assert behind.log.called is not None
    assert (behind.log.called.name, behind.log.called.provider) == ("other", "spare")


@pytest.mark.parametrize("status", [400, 403, 413, 422])
async def test_a_request_at_fault_is_not_sent_to_another_model(
    behind: Behind, upstream: Upstream, second: Upstream, status: int
) -> None:
    upstream.reply(error(status))
    with pytest.raises(ApiError):
        await behind.ask(behind.router(**with_fallback(second)))
    assert not second.requests


async def test_the_fallback_is_used_at_once_when_the_wait_would_be_long(
    behind: Behind, upstream: Upstream, second: Upstream
) -> None:
    upstream.reply(error(429, retry_after=60))
    await behind.ask(behind.router(**with_fallback(second, **THREE)))
    assert not behind.naps.taken
    assert len(second.requests) == 1


async def test_retries_come_before_the_fallback(behind: Behind, upstream: Upstream, second: Upstream) -> None:
    upstream.always(error(500))
    await behind.ask(behind.router(**with_fallback(second, **THREE)))
    assert (len(upstream.requests), len(second.requests)) == (3, 1)


async def test_when_nothing_answers_the_error_is_that_of_the_model_asked_for(
    behind: Behind, upstream: Upstream, second: Upstream
) -> None:
    upstream.reply(error(429, "slow down", retry_after=9))
    second.reply(error(500, "also broken"))
    with pytest.raises(ApiError, match="slow down") as raised:
        await behind.ask(behind.router(**with_fallback(second)))
    assert raised.value.headers["retry-after"] == "9"


async def test_a_model_whose_provider_has_no_key_is_passed_over(behind: Behind, second: Upstream) -> None:
    router = behind.router(
        provider={"base_url": "https://api.example.com/v1", "api_key": ""},
        agent={"models": {"default": ["fast", "other"]}},
        models={"other": {"provider": "spare", "model": "large-instruct"}},
        providers={"spare": {"base_url": second.base_url}},
    )
    await behind.ask(router)
    assert second.requests[0].json()["model"] == "large-instruct"


async def test_an_upstream_that_keeps_failing_is_left_alone_until_it_has_rested(
    behind: Behind, upstream: Upstream, clock: Clock
) -> None:
    router = behind.router(model=ONCE, provider={"breaker": {"failures": 3, "cooldown": "10s"}})
    upstream.reply(error(500), error(502), hangs_up())
    for _ in range(3):
        with pytest.raises(ApiError):
            await behind.ask(router)
    with pytest.raises(ApiError) as raised:
        await behind.ask(router)
    assert (raised.value.status, raised.value.code) == (503, "upstream_resting")
    assert raised.value.headers == {"retry-after": "10"}
    assert not behind.attempts
    assert len(upstream.requests) == 3
    clock.now += 10.0
    assert (await behind.ask(router)).text


async def test_an_open_breaker_sends_calls_to_the_fallback(
    behind: Behind, upstream: Upstream, second: Upstream
) -> None:
    router = behind.router(**with_fallback(second), provider={"breaker": {"failures": 1}})
    upstream.always(error(500))
    for _ in range(5):
        await behind.ask(router)
    assert (len(upstream.requests), len(second.requests)) == (1, 5)


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429])
async def test_errors_of_the_clients_making_do_not_open_the_breaker(
    behind: Behind, upstream: Upstream, status: int
) -> None:
    router = behind.router(model=ONCE, provider={"breaker": {"failures": 1}})
    upstream.always(error(status))
    for _ in range(5):
        with pytest.raises(ApiError):
            await behind.ask(router)
    assert len(upstream.requests) == 5


async def test_a_stream_that_breaks_counts_against_the_upstream(behind: Behind, upstream: Upstream) -> None:
    router = behind.router(model=ONCE, provider={"breaker": {"failures": 2}})
    upstream.always(says("a", CUT))
    for _ in range(2):
        with pytest.raises(UpstreamBroke):
            await behind.ask(router, stream=True)
    with pytest.raises(ApiError, match="left alone"):
        await behind.ask(router)


async def test_what_is_known_of_an_upstream_outlives_a_reload(behind: Behind, upstream: Upstream) -> None:
    upstream.always(error(500))
    sections: dict[str, Any] = {"model": ONCE, "provider": {"breaker": {"failures": 1}}}
    with pytest.raises(ApiError):
        await behind.ask(behind.router(**sections))
    with pytest.raises(ApiError, match="left alone"):
        await behind.ask(behind.router(**sections))
    with pytest.raises(ApiError, match="had an error"):
        await behind.ask(behind.router(model=ONCE, provider={"breaker": {"failures": 2}}))


async def test_a_bundled_provider_is_reached_once_it_runs(upstream: Upstream) -> None:
    running: dict[str, str] = {}
    async with Pool(bundled=running) as pool:
        behind = Behind(upstream.base_url, pool)
        router = behind.router(
            models={"tiny": {"provider": "small", "model": "smollm2"}},
            providers={"small": {"bundled": "smollm2-135m-instruct"}},
            agent={"models": {"default": "tiny"}},
        )
        with pytest.raises(ApiError, match="'small' is not available: its model is still starting"):
            await behind.ask(router)
        running["small"] = upstream.base_url
        assert (await behind.ask(router)).text


async def test_the_variant_in_force_may_name_a_model_that_clients_may_not(behind: Behind, upstream: Upstream) -> None:
    router = behind.router(
        models={"large": {"provider": "local", "model": "large-instruct"}},
        agent={
            "models": {"default": "fast", "allow": ["fast"], "unknown": "reject"},
            "variants": {"big": {"model": "large"}},
        },
    )
    given = exchange()
    asked = given.with_variant("big").with_request(given.request.with_model("large"))
    await behind.ask(router, asked)
    assert upstream.requests[0].json()["model"] == "large-instruct"
    with pytest.raises(ApiError) as raised:
        await behind.ask(router, given.with_request(given.request.with_model("large")))
    assert raised.value.status == 403
