"""What a client is told when its provider fails, status by status and fault by fault."""

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest

from proxy.errors import ApiError, UpstreamBroke
from proxy.upstreams.failures import Scrubber
from proxy.upstreams.pool import Pool
from tests.proxy.upstreams.behind import Behind
from tests.support.upstream import (
    CUT,
    RESET,
    Answer,
    Gate,
    Received,
    Upstream,
    document,
    error,
    hangs_up,
    never,
    raw,
    redirect,
    says,
    without_done,
)

ONCE = {"retries": {"max": 0}}


async def failure(behind: Behind, *, stream: bool = False, **sections: Any) -> ApiError:
    """The error that one attempt ends in."""
    sections.setdefault("model", ONCE)
    with pytest.raises(ApiError) as raised:
        await behind.ask(behind.router(**sections), stream=stream)
    return raised.value


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529])
async def test_the_providers_status_type_code_and_message_are_kept(
    behind: Behind, upstream: Upstream, status: int, stream: bool
) -> None:
    upstream.reply(error(status, "Not like this.", type="some_error", code="some_code", param="messages"))
    told = await failure(behind, stream=stream)
    assert (told.status, told.message, told.type, told.code, told.param) == (
        status,
        "Not like this.",
        "some_error",
        "some_code",
        "messages",
    )
    (attempt,) = behind.attempts
    assert (attempt.status, attempt.error, attempt.request_id) == (status, "Not like this.", "req_1")


async def test_waits_and_limits_come_down_with_an_error(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(error(429, retry_after=30, headers={"x-ratelimit-remaining-tokens": "0", "set-cookie": "a=b"}))
    told = await failure(behind)
    assert told.headers == {"retry-after": "30", "x-ratelimit-remaining-tokens": "0"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "model is loading"}, "model is loading"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"message": "quota", "code": 40}, "quota"),
        ([{"error": {"message": "listed", "code": 400}}], "listed"),
        ({"detail": [{"loc": ["body"], "msg": "bad"}]}, '[{"loc":["body"],"msg":"bad"}]'),
        ({"type": "error", "error": {"type": "api_error", "message": "as Anthropic writes"}}, "as Anthropic writes"),
    ],
)
async def test_errors_of_other_shapes_are_understood(
    behind: Behind, upstream: Upstream, body: Any, message: str
) -> None:
    upstream.reply(document(body, status=400))
    assert (await failure(behind)).message == message


async def test_an_error_page_is_told_in_a_few_words(behind: Behind, upstream: Upstream) -> None:
    page = b"<html><style>p {color: red}</style><h1>502 Bad Gateway</h1>" + b"<p>cloudflare</p>" * 500
    upstream.reply(raw(page, status=502, content_type="text/html"))
    told = await failure(behind)
    assert told.message.startswith("provider 'local' answered 502: 502 Bad Gateway cloudflare")
    assert len(told.message) < 400
    assert (told.status, told.type) == (502, "server_error")


async def test_an_empty_error_still_says_who_and_what(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(raw(b"", status=503))
    assert (await failure(behind)).message == "provider 'local' answered 503"


async def test_the_key_and_the_address_never_come_down(behind: Behind, upstream: Upstream) -> None:
    key = "sk-provider-0123456789"
    upstream.reply(
        error(401, f"Incorrect API key {key} for {upstream.base_url}/chat/completions; see https://docs.example/keys")
    )
    told = await failure(behind, provider={"api_key": key})
    assert told.message == "Incorrect API key *** for ***; see https://docs.example/keys"
    assert behind.attempts[0].error == told.message


async def test_neither_do_they_in_the_middle_of_a_stream(behind: Behind, upstream: Upstream) -> None:
    key = "sk-provider-0123456789"
    event = f'data: {{"error": {{"message": "bad key {key} at {upstream.url}/v1"}}}}\n\n'
    upstream.reply(raw(event.encode(), content_type="text/event-stream"))
    with pytest.raises(UpstreamBroke) as broke:
        await behind.ask(behind.router(provider={"api_key": key}), stream=True)
    assert str(broke.value) == "bad key *** at ***"
    assert broke.value.document == b'{"error": {"message": "bad key *** at ***"}}'


def test_a_name_that_only_begins_like_the_host_is_left_alone() -> None:
    scrub = Scrubber((), "api.example.com")
    assert scrub("api.example.com.evil and api.example.com/v1") == "api.example.com.evil and ***"


async def test_a_refused_connection_says_so_without_the_address(behind: Behind) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        told = await failure(behind, provider={"base_url": f"http://127.0.0.1:{port}/v1"})
    assert (told.status, told.code) == (502, "upstream_unreachable")
    assert told.message == "provider 'local' cannot be reached: the connection was refused; is it running?"
    assert behind.attempts[0].status is None


async def test_a_host_that_does_not_exist_says_so(behind: Behind) -> None:
    told = await failure(behind, provider={"base_url": "http://nowhere.invalid/v1"})
    assert (told.status, told.code) == (502, "upstream_unreachable")
    assert "nowhere.invalid" not in told.message


async def test_a_provider_that_takes_no_connection_runs_into_the_connect_timeout(behind: Behind) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        queued = [socket.socket() for _ in range(4)]
        for each in queued:
            each.setblocking(False)
            each.connect_ex(address)
        try:
            told = await failure(
                behind,
                provider={"base_url": f"http://127.0.0.1:{address[1]}/v1", "timeout": {"connect": "100ms"}},
            )
        finally:
            for each in queued:
                each.close()
    assert (told.status, told.code) == (502, "upstream_unreachable")
    assert "no connection within 0.1 s" in told.message


@pytest.mark.parametrize("reset", [False, True])
async def test_a_connection_closed_without_an_answer_says_so(behind: Behind, upstream: Upstream, reset: bool) -> None:
    upstream.reply(hangs_up(reset=reset))
    told = await failure(behind)
    assert (told.status, told.code) == (502, "upstream_disconnected")


async def test_something_that_is_not_http_says_so(behind: Behind) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        told = await failure(behind, provider={"base_url": f"http://127.0.0.1:{port}/v1"})
    assert (told.status, told.code) == (502, "upstream_invalid")


async def test_a_redirect_is_not_followed_and_names_the_provider(
    behind: Behind, upstream: Upstream, second: Upstream
) -> None:
    upstream.reply(redirect(f"{second.base_url}/chat/completions"))
    told = await failure(behind)
    assert (told.status, told.code) == (502, "upstream_redirected")
    assert "'local'" in told.message
    assert second.url not in told.message
    assert not second.requests


@pytest.mark.parametrize("stream", [False, True])
async def test_silence_before_the_answer_ends_in_504(behind: Behind, upstream: Upstream, stream: bool) -> None:
    upstream.reply(never())
    told = await failure(behind, stream=stream, provider={"timeout": {"first_byte": "50ms"}})
    assert (told.status, told.code) == (504, "upstream_timeout")
    assert "timeout.first_byte" in told.message
    await upstream.requests[0].left.wait()
    assert behind.attempts[0].error == told.message


async def test_silence_in_the_middle_of_a_stream_breaks_it(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("a", Gate()))
    with pytest.raises(UpstreamBroke, match=r"fell silent for 0\.05 s"):
        await behind.ask(behind.router(provider={"timeout": {"idle": "50ms"}}), stream=True)
    await upstream.requests[0].left.wait()


async def test_silence_in_the_middle_of_a_whole_answer_ends_in_502(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("a", Gate()))
    told = await failure(behind, provider={"timeout": {"idle": "50ms"}})
    assert (told.status, told.code) == (502, "upstream_broke")
    await upstream.requests[0].left.wait()


async def test_a_model_has_timeouts_of_its_own(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(never())
    told = await failure(behind, model={**ONCE, "timeout": {"first_byte": "50ms"}})
    assert told.status == 504


@pytest.mark.parametrize("cut", [CUT, RESET])
async def test_a_stream_that_is_cut_is_never_a_clean_end(behind: Behind, upstream: Upstream, cut: Any) -> None:
    upstream.reply(says("a", cut, "b"))
    with pytest.raises(UpstreamBroke, match="cut the connection"):
        await behind.ask(stream=True)
    assert behind.attempts[0].error == "the upstream cut the connection"


async def test_a_stream_that_ends_before_its_finish_reason_is_never_a_clean_end(
    behind: Behind, upstream: Upstream
) -> None:
    upstream.reply(
        raw(b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n', content_type="text/event-stream")
    )
    with pytest.raises(UpstreamBroke, match="ended before the answer did"):
        await behind.ask(stream=True)


async def test_a_stream_that_ends_after_its_finish_reason_needs_no_done(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(without_done(says("a")))
    assert (await behind.ask(stream=True)).text == "a"


async def test_a_whole_answer_that_is_cut_ends_in_502_and_is_not_asked_for_twice(
    behind: Behind, upstream: Upstream
) -> None:
    upstream.reply(says("a", CUT))
    told = await failure(behind, model={"retries": {"max": 2}})
    assert (told.status, told.code) == (502, "upstream_broke")
    assert len(upstream.requests) == 1


async def test_a_provider_without_its_key_is_unavailable(behind: Behind) -> None:
    told = await failure(behind, provider={"base_url": "https://api.example.com/v1", "api_key": ""})
    assert told.status == 503
    assert not behind.attempts


async def test_all_connections_in_use_is_said_and_is_not_the_providers_fault(
    behind: Behind, upstream: Upstream, pool: Pool
) -> None:
    sections: dict[str, Any] = {
        "provider": {
            "max_connections": 1,
            "timeout": {"first_byte": "50ms", "idle": "5s"},
            "breaker": {"failures": 1},
        },
        "model": ONCE,
    }
    router = behind.router(**sections)
    gate = Gate()
    upstream.reply(says("a", gate))
    async with await behind.open(router, stream=True) as busy:
        with pytest.raises(ApiError) as raised:
            await behind.ask(router)
        assert (raised.value.status, raised.value.code) == (503, "upstream_busy")
        assert raised.value.headers == {"retry-after": "1"}
        gate.open()
        assert (await busy.collect()).text == "a"
    assert (await behind.ask(router)).text
    assert len(upstream.requests) == 2


async def test_what_came_before_a_cut_is_not_lost_on_a_slow_reader(behind: Behind, upstream: Upstream) -> None:
    hurry = Gate()
    upstream.reply(says("a", "b", hurry, "c", "d", CUT))
    said = ""

    async def read_on() -> None:
        nonlocal said
        async for chunk in chunks:
            said += chunk.text

    async with await behind.open(stream=True) as reply:
        chunks = aiter(reply)
        while said != "ab":
            said += (await anext(chunks)).text
        hurry.open()
        await asyncio.sleep(0.1)
        with pytest.raises(UpstreamBroke, match="cut the connection"):
            await read_on()
    assert said == "abcd"


async def test_a_stream_that_was_done_before_its_connection_broke_is_complete(
    behind: Behind, upstream: Upstream
) -> None:
    upstream.reply(held_open_then_cut)
    async with await behind.open(stream=True) as reply:
        await asyncio.sleep(0.1)
        assert (await reply.collect()).text == "a"


def held_open_then_cut(request: Received) -> Answer:
    """A whole stream, [DONE] included, without the end of its HTTP body."""
    answer = says("a")(request)
    return replace(answer, steps=(*answer.steps, CUT))


async def test_an_error_under_status_200_is_an_error(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(document({"error": {"message": "No capacity.", "type": "overloaded", "code": 529}}))
    told = await failure(behind)
    assert (told.status, told.type, told.message) == (502, "overloaded", "No capacity.")
    assert behind.attempts[0].error == "No capacity."


async def test_a_huge_error_is_read_no_further_than_is_useful(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(raw(b"<p>" + b"no " * 1_000_000, status=500, content_type="text/html"))
    told = await failure(behind)
    assert told.message.startswith("provider 'local' answered 500: no no no")
    assert (await behind.ask()).text


async def test_the_breakers_can_be_looked_at(behind: Behind, upstream: Upstream, pool: Pool) -> None:
    upstream.reply(error(500))
    await failure(behind, provider={"breaker": {"failures": 1}})
    assert pool.states() == {"local": "open"}
