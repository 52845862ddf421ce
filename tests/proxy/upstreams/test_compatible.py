"""A provider that speaks the OpenAI API: what goes up to it, byte for byte, and what comes back, whole and streamed."""

import json

import pytest

from burnish.testing import exchange, request
from middleware.exchange import Exchange
from proxy.errors import ApiError, UpstreamBroke
from proxy.wire.chat import ChatCompletionsRequest
from tests.proxy.upstreams.behind import Behind, as_chat, with_client_headers
from tests.support.upstream import (
    PING,
    Gate,
    Raw,
    Upstream,
    calls,
    crlf,
    document,
    error,
    gzipped,
    in_pieces,
    raw,
    says,
    tool,
    with_content_type,
    with_headers,
    without_done,
)

ODD = b'{"model":"small-instruct", "messages":[ {"role":"user","content":"h\\u00e9"} ],"temperature":1.0,"x_new":[1e3]}'


def asking(body: bytes) -> Exchange:
    return exchange(ChatCompletionsRequest.read(body))


async def test_a_request_nobody_changed_goes_up_byte_equal(behind: Behind, upstream: Upstream) -> None:
    await behind.ask(given=asking(ODD))
    assert upstream.requests[0].body == ODD


async def test_an_alias_goes_up_as_the_providers_own_name_and_everything_else_as_it_came(
    behind: Behind, upstream: Upstream
) -> None:
    await behind.ask(given=asking(ODD.replace(b"small-instruct", b"fast")))
    sent = upstream.requests[0].body
    assert json.loads(sent) == json.loads(ODD)
    assert b'"h\\u00e9"' in sent
    assert b"[1e3]" in sent
    assert behind.log.called is not None
    assert (behind.log.called.name, behind.log.called.model, behind.log.called.body) == ("fast", "small-instruct", sent)


async def test_a_whole_answer_comes_back_byte_equal(behind: Behind, upstream: Upstream) -> None:
    answer = b'{"id":"x", "choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'
    upstream.reply(raw(answer, content_type="application/json"))
    assert (await behind.ask()).body == answer


async def test_the_upstream_is_asked_to_stream_exactly_when_the_client_asked(
    behind: Behind, upstream: Upstream
) -> None:
    await behind.ask()
    await behind.chunks()
    whole, streamed = upstream.requests
    assert whole.json()["stream"] is False
    assert whole.header("accept") == "application/json"
    assert streamed.json()["stream"] is True
    assert streamed.header("accept") == "text/event-stream"


async def test_every_event_of_a_stream_becomes_a_chunk(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("one ", "two ", "three"))
    chunks = await behind.chunks()
    assert [chunk.text for chunk in chunks if chunk.text] == ["one ", "two ", "three"]
    assert not any(chunk.whole for chunk in chunks)


async def test_tokens_are_asked_for_when_the_client_did_not(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("hi").costing(7, 3))
    completion = await behind.ask(stream=True)
    assert upstream.requests[0].json()["stream_options"] == {"include_usage": True}
    assert completion.usage is not None
    assert (completion.usage.input, completion.usage.output) == (7, 3)


async def test_tokens_are_not_asked_for_where_the_provider_would_refuse_that(
    behind: Behind, upstream: Upstream
) -> None:
    await behind.ask(behind.router(provider={"include_usage": False}), stream=True)
    assert "stream_options" not in upstream.requests[0].json()


async def test_a_client_that_asks_for_tokens_itself_is_not_rewritten(behind: Behind, upstream: Upstream) -> None:
    body = ODD.replace(b'"temperature"', b'"stream":true,"stream_options": {"include_usage": true},"temperature"')
    await behind.ask(given=asking(body))
    assert upstream.requests[0].body == body


@pytest.mark.parametrize("dress", [crlf, without_done, gzipped, lambda reply: in_pieces(reply, 3)])
async def test_a_stream_is_read_however_it_is_written(behind: Behind, upstream: Upstream, dress: object) -> None:
    assert callable(dress)
    upstream.reply(dress(says("h", "é", "llo 🎈")))
    assert (await behind.ask(stream=True)).text == "héllo 🎈"
    assert [attempt.error for attempt in behind.attempts] == [None]


async def test_pings_and_comments_are_no_chunks(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says(PING, "a", PING, Raw(b"event: note\nid: 3\n\n"), "b"))
    assert (await behind.ask(stream=True)).text == "ab"


async def test_parallel_tool_calls_keep_their_deltas(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(calls(tool("weather", city="Paris"), tool("time", zone="CET")))
    completion = await behind.ask(stream=True)
    assert [(call.name, json.loads(call.arguments)) for call in completion.calls] == [
        ("weather", {"city": "Paris"}),
        ("time", {"zone": "CET"}),
    ]


async def test_a_gzipped_whole_answer_is_decoded(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(gzipped(says("packed")))
    assert (await behind.ask()).text == "packed"
    assert upstream.requests[0].header("accept-encoding") == "identity"


async def test_one_document_for_a_client_that_asked_for_a_stream_is_one_whole_chunk(
    behind: Behind, upstream: Upstream
) -> None:
    upstream.reply(lambda request: document({"choices": [{"message": {"content": "at once"}}]}))
    (chunk,) = await behind.chunks()
    assert chunk.whole
    assert chunk.text == "at once"


async def test_a_stream_whose_type_is_not_named_is_read_as_one_when_it_was_asked_for(
    behind: Behind, upstream: Upstream
) -> None:
    upstream.reply(with_content_type(says("hi"), "text/plain"))
    assert (await behind.ask(stream=True)).text == "hi"


async def test_a_stream_nobody_asked_for_is_put_together(behind: Behind, upstream: Upstream) -> None:
    events = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    upstream.reply(raw(events, content_type="text/event-stream"))
    assert (await behind.ask()).text == "hi"


async def test_a_web_page_where_json_was_expected_names_the_provider_and_the_remedy(
    behind: Behind, upstream: Upstream
) -> None:
    upstream.reply(raw(b"<html><title>Welcome</title>to nginx</html>", content_type="text/html"))
    with pytest.raises(ApiError, match=r"'local' answered with text/html .* check its base_url: Welcome to nginx") as e:
        await behind.ask()
    assert (e.value.status, e.value.code) == (502, "upstream_invalid")
    assert behind.attempts[0].error is not None


async def test_an_error_event_ends_the_stream_with_the_providers_words(behind: Behind, upstream: Upstream) -> None:
    event = b'data: {"error": {"message": "out of memory", "type": "server_error"}}\n\n'
    upstream.reply(raw(event, content_type="text/event-stream"))
    with pytest.raises(UpstreamBroke, match="out of memory"):
        await behind.chunks()
    assert behind.attempts[0].error == "out of memory"


async def test_an_error_event_that_is_no_json_still_ends_the_stream_as_broken(
    behind: Behind, upstream: Upstream
) -> None:
    upstream.reply(raw(b'data: {"error": oops\n\n', content_type="text/event-stream"))
    with pytest.raises(UpstreamBroke):
        await behind.chunks()


async def test_limits_waits_and_timings_come_down_and_nothing_else(behind: Behind, upstream: Upstream) -> None:
    sent = (
        ("X-RateLimit-Remaining-Requests", "59"),
        ("retry-after-ms", "20"),
        ("openai-processing-ms", "12"),
        ("Set-Cookie", "session=upstream"),
        ("Server", "nginx"),
        ("X-Internal-Host", "10.0.0.7"),
        ("Keep-Alive", "timeout=5"),
    )
    for stream in (False, True):
        upstream.reply(with_headers(says("hi"), *sent))
        async with await behind.open(stream=stream) as reply:
            assert dict(reply.headers) == {
                "x-ratelimit-remaining-requests": "59",
                "retry-after-ms": "20",
                "openai-processing-ms": "12",
            }


async def test_a_header_that_connection_names_is_hop_by_hop(behind: Behind, upstream: Upstream) -> None:
    headers = ("x-ratelimit-limit-tokens", "9"), ("Connection", "X-RateLimit-Limit-Tokens")
    upstream.reply(with_headers(says("hi"), *headers))
    async with await behind.open() as reply:
        assert not reply.headers


async def test_the_providers_key_goes_up_and_the_clients_never(behind: Behind, upstream: Upstream) -> None:
    client = {
        "authorization": "Bearer bk-client",
        "x-api-key": "bk-client",
        "cookie": "a=b",
        "host": "evil.example",
        "content-length": "3",
        "transfer-encoding": "chunked",
        "connection": "x-secret-hop",
        "x-secret-hop": "1",
        "x-burnish-session": "s",
        "openai-beta": "assistants=v2",
    }
    given = with_client_headers(client)
    await behind.ask(behind.router(provider={"api_key": "sk-provider-key"}), given)
    (received,) = upstream.requests
    assert received.header("authorization") == "Bearer sk-provider-key"
    assert received.header("openai-beta") == "assistants=v2"
    assert received.header("host") == upstream.url.removeprefix("http://")
    assert received.header("content-length") == str(len(received.body))
    for name in ("x-api-key", "cookie", "transfer-encoding", "x-secret-hop", "x-burnish-session"):
        assert received.header(name) is None
    assert b"bk-client" not in b"".join(value for _, value in received.headers)


async def test_headers_of_the_configuration_win_over_the_key(behind: Behind, upstream: Upstream) -> None:
    provider = {"api_key": "sk-unused", "headers": {"Authorization": "Basic abc", "x-team": "search"}}
    await behind.ask(behind.router(provider=provider))
    assert upstream.requests[0].header("authorization") == "Basic abc"
    assert upstream.requests[0].header("x-team") == "search"


async def test_the_provider_is_told_the_trace(behind: Behind, upstream: Upstream) -> None:
    given = exchange(id="0123456789abcdef00000000000000ff")
    await behind.ask(given=given)
    assert upstream.requests[0].header("traceparent") == f"00-{given.trace_id}-0000000000000101-01"


async def test_an_attempt_is_recorded_with_status_times_and_the_providers_id(
    behind: Behind, upstream: Upstream
) -> None:
    for stream in (False, True):
        await behind.ask(stream=stream)
        (attempt,) = behind.attempts
        assert (attempt.provider, attempt.model, attempt.status) == ("local", "small-instruct", 200)
        assert attempt.request_id == f"req_{len(upstream.requests)}"
        assert attempt.error is None
        assert 0 < attempt.started_ns <= attempt.ended_ns


async def test_the_attempt_is_recorded_before_the_stream_ends(behind: Behind) -> None:
    async with await behind.open(stream=True) as reply:
        while_streaming = [len(behind.attempts) async for _ in reply]
        assert not any(while_streaming)
        assert len(behind.attempts) == 1


async def test_a_large_body_goes_up_whole(behind: Behind, upstream: Upstream) -> None:
    text = "word " * 500_000
    await behind.ask(given=exchange(request(text)))
    assert upstream.requests[0].json()["messages"][0]["content"] == text


async def test_connections_are_used_again_after_whole_answers_streams_and_errors(
    behind: Behind, upstream: Upstream
) -> None:
    router = behind.router(model={"retries": {"max": 0}})
    upstream.reply(says("a"), says("b"), error(429), says("c"))
    await behind.ask(router)
    await behind.ask(router, stream=True)
    with pytest.raises(ApiError):
        await behind.ask(router)
    await behind.ask(router, stream=True)
    assert upstream.connections == 1


async def test_chunks_arrive_as_they_are_sent(behind: Behind, upstream: Upstream) -> None:
    gate = Gate()
    upstream.reply(says("first", gate, "second"))
    async with await behind.open(stream=True) as reply:
        chunks = aiter(reply)
        while not (chunk := as_chat(await anext(chunks))).text:
            pass
        assert chunk.text == "first"
        assert not gate.is_open
        gate.open()
        assert "".join([chunk.text async for chunk in chunks]) == "second"
