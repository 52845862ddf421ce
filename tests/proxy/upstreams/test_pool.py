"""Connections: few, used again, and closed with the pool."""

from dataclasses import replace

import pytest

from proxy.upstreams.pool import Pool
from tests.proxy.upstreams.behind import Behind
from tests.support.upstream import Answer, Gate, Received, Upstream, says


def done_but_open(request: Received) -> Answer:
    """A whole stream, [DONE] included, whose HTTP body does not end."""
    answer = says("a")(request)
    return replace(answer, steps=(*answer.steps, Gate()))


async def test_calls_one_after_another_share_a_connection(behind: Behind, upstream: Upstream) -> None:
    router = behind.router()
    for stream in (False, True, False, True):
        await behind.ask(router, stream=stream)
    assert upstream.connections == 1


async def test_configurations_share_connections(behind: Behind, upstream: Upstream) -> None:
    for _ in range(3):
        await behind.ask(behind.router())
    assert upstream.connections == 1


async def test_no_client_waits_for_more_than_done(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(done_but_open)
    assert (await behind.ask(stream=True)).text == "a"
    assert [attempt.error for attempt in behind.attempts] == [None]
    assert not upstream.requests[0].left.is_open


async def test_a_body_that_does_not_end_is_closed_after_a_while(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(done_but_open)
    await behind.ask(stream=True)
    await upstream.requests[0].left.wait()
    assert (await behind.ask()).text


async def test_closing_the_pool_closes_what_is_still_open(upstream: Upstream) -> None:
    upstream.reply(done_but_open, says("b", Gate()))
    async with Pool() as pool:
        behind = Behind(upstream.base_url, pool)
        await behind.ask(stream=True)
        reply = await behind.open(stream=True)
    for request in upstream.requests:
        await request.left.wait()
    await reply.aclose()


async def test_a_pool_that_is_not_open_says_how_to_open_it(upstream: Upstream) -> None:
    with pytest.raises(RuntimeError, match="async with Pool"):
        await Behind(upstream.base_url, Pool()).ask()


async def test_what_is_no_longer_configured_is_forgotten(behind: Behind, pool: Pool, second: Upstream) -> None:
    spare = {"spare": {"base_url": second.base_url}}
    await behind.ask(behind.router(providers=spare, models={"fast": {"provider": "spare", "model": "a"}}))
    assert pool.states() == {"spare": "closed"}
    pool.keep(behind.config())
    assert pool.states() == {}
