"""A client is told what went wrong, in the shape its library knows. Checklist items 10–13, 15, 39."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import KEY, Answer, Proxy, asking
from tests.support.upstream import (
    CUT,
    RESET,
    Broken,
    Gate,
    Raw,
    Reply,
    Upstream,
    document,
    error,
    hangs_up,
    never,
    raw,
    redirect,
    says,
    with_headers,
    without_done,
)
from tests.support.upstream.answer import Answer as Scripted
from tests.support.wire import connected

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def is_an_error(answer: Answer) -> None:
    assert answer.headers["content-type"] == "application/json"
    assert {"message", "type", "param", "code"} <= answer.error.keys()
    assert answer.error["message"]
    assert answer.error["type"]


OUR_ERRORS: list[tuple[str, dict[str, Any], int]] = [
    ("no key", {"headers": {"authorization": ""}}, 401),
    ("a wrong key", {"headers": {"authorization": "Bearer bn-wrong"}}, 401),
    ("another agent's path", {"path": "/agents/other/v1/chat/completions"}, 403),
    ("no such endpoint", {"path": "/nothing"}, 404),
    ("not JSON", {"document": b"{"}, 400),
    ("a wrong type", {"document": {"model": "small", "messages": "hello"}}, 400),
    ("no messages", {"document": {"model": "small"}}, 400),
    ("a bad header", {"headers": {"x-burnish-turn": "other"}}, 400),
    ("a bypass that is not allowed", {"headers": {"x-burnish-bypass": "variant_routing"}}, 403),
    ("a compressed body", {"headers": {"content-encoding": "gzip"}}, 415),
]


@pytest.mark.parametrize(("how", "status"), [each[1:] for each in OUR_ERRORS], ids=[each[0] for each in OUR_ERRORS])
async def test_item_10_our_own_errors_have_the_known_shape(proxy: Proxy, how: dict[str, Any], status: int) -> None:
    answer = await proxy.post(how.get("document", asking()), **{k: v for k, v in how.items() if k != "document"})
    assert answer.status == status
    is_an_error(answer)


async def test_item_10_the_wrong_method_says_the_right_one(proxy: Proxy) -> None:
    answer = await proxy.get("/v1/chat/completions", method="PUT")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    is_an_error(answer)


@STREAMS
async def test_item_10_the_upstreams_message_type_code_and_param_are_kept(
    upstream: Upstream, proxy: Proxy, stream: bool
) -> None:
    upstream.reply(error(400, "Too many.", type="odd_error", code="context_length_exceeded", param="messages"))
    answer = await proxy.chat(stream=stream)
    is_an_error(answer)
    kept = {key: answer.error[key] for key in ("message", "type", "code", "param")}
    assert kept == {
        "message": "Too many.",
        "type": "odd_error",
        "code": "context_length_exceeded",
        "param": "messages",
    }
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome, run.error) == (400, "error", "Too many.")
    assert json.loads(run.answer or "")["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "plainly wrong"},
        {"message": "plainly wrong"},
        {"detail": "plainly wrong"},
        [{"error": {"message": "plainly wrong"}}],
    ],
)
async def test_item_10_errors_of_other_shapes_are_brought_into_this_one(
    upstream: Upstream, proxy: Proxy, body: Any
) -> None:
    upstream.reply(document(body, status=422))
    answer = await proxy.chat()
    is_an_error(answer)
    assert answer.error["message"] == "plainly wrong"


@STREAMS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529])
async def test_item_11_the_upstreams_status_is_the_clients(
    upstream: Upstream, proxy: Proxy, status: int, stream: bool
) -> None:
    upstream.reply(error(status))
    answer = await proxy.chat(stream=stream)
    assert answer.status == status
    is_an_error(answer)


@STREAMS
@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (redirect("http://elsewhere/"), 502),
        (hangs_up(), 502),
        (hangs_up(reset=True), 502),
        (raw(b"<html>hello</html>", content_type="text/html"), 502),
        (raw(b"[1]", content_type="application/json"), 502),
        (raw(b"", content_type="application/json"), 502),
        (raw(b"", content_type="text/event-stream"), 502),
    ],
    ids=["redirect", "hangs up", "resets", "html", "not an object", "nothing", "an empty stream"],
)
async def test_item_11_an_upstream_that_gives_no_answer_is_a_bad_gateway(
    upstream: Upstream, proxy: Proxy, reply: Reply, status: int, stream: bool
) -> None:
    upstream.reply(reply)
    answer = await proxy.chat(stream=stream)
    if answer.headers["content-type"].startswith("text/event-stream"):
        # An upstream that said 200 and promised a stream: the client was told the same at once.
        assert "error" in answer.events[0]
    else:
        assert answer.status == status
        is_an_error(answer)
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome) == (502, "error")


async def test_item_11_an_upstream_that_is_not_there_is_a_bad_gateway(upstream: Upstream, start: Start) -> None:
    proxy = await start(providers={"local": {"base_url": "http://127.0.0.1:1/v1"}})
    answer = await proxy.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_unreachable")


LIMITS = (
    ("retry-after", "7"),
    ("retry-after-ms", "6500"),
    ("x-ratelimit-limit-requests", "100"),
    ("x-ratelimit-remaining-tokens", "0"),
    ("x-ratelimit-reset-tokens", "6m0s"),
)


@STREAMS
@pytest.mark.parametrize("reply", [error(429), says("a")], ids=["refused", "answered"])
async def test_item_12_waits_and_limits_pass_through(
    upstream: Upstream, proxy: Proxy, reply: Reply, stream: bool
) -> None:
    upstream.reply(with_headers(reply, *LIMITS))
    answer = await proxy.chat(stream=stream)
    assert {name: answer.headers[name] for name, _ in LIMITS} == dict(LIMITS)


async def test_item_12_a_header_that_is_not_ascii_does_not_cost_the_answer(upstream: Upstream, proxy: Proxy) -> None:
    latin: Any = "für immer".encode("latin-1")
    upstream.reply(with_headers(says("a"), ("x-ratelimit-reset", latin), ("x-ratelimit-limit", "5")))
    answer = await proxy.chat()
    assert (answer.status, answer.text, answer.headers["x-ratelimit-limit"]) == (200, "a", "5")
    assert answer.headers["x-ratelimit-reset"].encode("utf-8", "surrogateescape") == latin


async def test_item_13_once_our_retries_are_used_the_client_is_told_not_to_try_again(
    upstream: Upstream, start: Start
) -> None:
    proxy = await start(models=_model(retries={"max": 1, "budget": 1}))
    upstream.always(error(503, headers={"x-should-retry": "true"}))
    answer = await proxy.chat()
    assert (answer.status, answer.headers["x-should-retry"]) == (503, "false")
    assert len(upstream.requests) == 2
    (run,) = await proxy.recorded()
    assert [attempt.status for attempt in run.attempts] == [503, 503]


async def test_item_13_an_empty_budget_of_retries_is_told_at_once(upstream: Upstream, start: Start) -> None:
    proxy = await start(models=_model(retries={"max": 2, "budget": 0}))
    upstream.always(error(500))
    assert (await proxy.chat()).headers["x-should-retry"] == "false"
    assert len(upstream.requests) == 1


async def test_item_13_where_nothing_was_retried_the_client_may(upstream: Upstream, proxy: Proxy) -> None:
    upstream.always(error(503))
    assert "x-should-retry" not in (await proxy.chat()).headers


async def test_item_13_a_retry_that_succeeds_is_all_the_client_sees(upstream: Upstream, start: Start) -> None:
    proxy = await start(models=_model(retries={"max": 1, "budget": 1}))
    upstream.reply(error(500), says("there"))
    answer = await proxy.chat(stream=True)
    assert (answer.status, answer.text) == (200, "there")
    assert "x-should-retry" not in answer.headers
    (run,) = await proxy.recorded()
    assert [(attempt.status, attempt.error is None) for attempt in run.attempts] == [(500, False), (200, True)]


def _model(**changes: Any) -> dict[str, Any]:
    return {"small": {"provider": "local", "model": "small-instruct", **changes}}


@pytest.mark.parametrize(
    "reply",
    [
        says("half", CUT, " more"),
        says("half", RESET, " more"),
        without_done(says("half", Raw(b"data: {\n\n"))),
        says("half", Raw(b"data: []\n\n")),
        says("half", Raw(b'data: {"error": "no more"}\n\n')),
        says("half", Raw(b'data: ["error"]\n\n')),
        says("half", Raw(b'data: {"error": {"message": "no more", "code": 500}}\n\n')),
    ],
    ids=["cut", "reset", "half an event", "an array", "an error as text", "an odd array", "an error"],
)
async def test_item_15_a_failure_in_mid_stream_is_an_error_event(
    upstream: Upstream, proxy: Proxy, reply: Reply
) -> None:
    upstream.reply(reply)
    answer = await proxy.chat(stream=True)
    assert answer.status == 200
    assert answer.events[-1]["error"]["message"]
    assert b"[DONE]" not in answer.body
    (run,) = await proxy.recorded()
    assert (run.outcome, run.status) == ("error", 502)
    assert json.loads(run.answer or "")["choices"][0]["message"]["content"] == "half"


async def test_item_15_a_stream_that_just_ends_is_an_error(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(lambda request: _without_its_end(says("half")(request)))
    answer = await proxy.chat(stream=True)
    assert "error" in answer.events[-1]
    assert b"[DONE]" not in answer.body


def _without_its_end(answer: Scripted) -> Scripted:
    return replace(answer, steps=answer.steps[:2])


async def test_item_15_the_upstreams_own_error_event_is_kept(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("half", Broken("out of memory", type="server_error", code="oom")))
    answer = await proxy.chat(stream=True)
    assert answer.events[-1]["error"] == {
        "message": "out of memory",
        "type": "server_error",
        "param": None,
        "code": "oom",
    }
    (run,) = await proxy.recorded()
    assert run.error is not None
    assert "out of memory" in run.error


async def test_item_15_silence_in_mid_stream_is_an_error_event(upstream: Upstream, start: Start) -> None:
    proxy = await start(models=_model(timeout={"idle": 0.05}))
    upstream.reply(says("half", Gate(), " more"))
    answer = await proxy.chat(stream=True)
    assert "fell silent" in answer.events[-1]["error"]["message"]
    await upstream.requests[0].left.wait()


@pytest.mark.parametrize("cut", [CUT, RESET], ids=["cut", "reset"])
async def test_item_15_a_whole_answer_that_breaks_off_is_an_error(upstream: Upstream, proxy: Proxy, cut: Any) -> None:
    upstream.reply(says("half", cut, " more"))
    answer = await proxy.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_broke")


async def test_item_15_a_usage_chunk_with_a_null_error_is_no_failure(upstream: Upstream, proxy: Proxy) -> None:
    odd = {"id": "1", "error": None, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    upstream.reply(says("all", Raw(f"data: {json.dumps(odd)}\n\n".encode())))
    answer = await proxy.chat(stream=True)
    assert (answer.text, answer.data[-1]) == ("all", b"[DONE]")


async def test_item_39_a_body_that_is_too_large_is_refused_before_it_is_read(start: Start) -> None:
    proxy = await start(server={"max_body": 1000})
    async with connected(proxy.port) as wire:
        wire.send(_head(("Content-Length", "1001")))
        status, headers = await wire.head()
        answer = Answer(status, dict(headers), await wire.body(headers))
    assert (answer.status, answer.error["code"]) == (413, "request_too_large")
    assert "server.max_body" in answer.error["message"]


async def test_item_39_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_large(start: Start) -> None:
    proxy = await start(server={"max_body": 1000})
    async with connected(proxy.port) as wire:
        wire.send(_head(("Transfer-Encoding", "chunked")))
        for _ in range(11):
            wire.send(b"64\r\n" + b"x" * 100 + b"\r\n")
        status, _ = await wire.head()
    assert status == 413


def _head(*headers: tuple[str, str]) -> bytes:
    lines = [("Host", "proxy"), ("Authorization", f"Bearer {KEY}"), *headers]
    return b"POST /v1/chat/completions HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines).encode() + b"\r\n"


@pytest.mark.parametrize("nest", ["[%s]", '{"a":%s}', '[[{"a":[%s]}]]', '{"]":["[",%s]}'])
async def test_item_39_nesting_has_a_limit(upstream: Upstream, start: Start, nest: str) -> None:
    proxy = await start(server={"max_depth": 20})
    levels = nest.replace('"]"', "").replace('"["', "").count("[") + nest.count("{")

    def nested(depth: int) -> bytes:
        inner = "1"
        for _ in range(depth // levels):
            inner = nest % inner
        return f'{{"model":"small","messages":[{{"role":"user","content":"]]]]"}}],"deep":{inner}}}'.encode()

    assert (await proxy.post(nested(16))).status == 200
    answer = await proxy.post(nested(24))
    assert (answer.status, answer.error["code"]) == (400, "nested_too_deeply")
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("depth", [129, 5000, 400_000])
async def test_item_39_the_deepest_nesting_is_refused_like_any(proxy: Proxy, depth: int) -> None:
    body = b'{"model":"small","messages":[],"deep":' + b"[" * depth + b"]" * depth + b"}"
    answer = await proxy.post(body)
    assert (answer.status, answer.error["code"]) == (400, "nested_too_deeply")


async def test_item_39_brackets_in_text_are_no_nesting(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"max_depth": 20})
    text = '[{"' * 100 + "\\" * 3 + '"[' * 100
    await proxy.chat(text)
    assert upstream.requests[0].json()["messages"][0]["content"] == text


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"])
async def test_item_39_bad_utf_8_is_a_bad_request(upstream: Upstream, proxy: Proxy, bad: bytes) -> None:
    answer = await proxy.post(b'{"model":"small","messages":[{"role":"user","content":"' + bad + b'"}]}')
    assert (answer.status, answer.error["code"]) == (400, "invalid_utf8")
    assert upstream.requests == []


async def test_a_provider_that_never_answers_is_given_up(upstream: Upstream, start: Start) -> None:
    proxy = await start(models=_model(timeout={"first_byte": 0.05}))
    upstream.reply(never())
    answer = await proxy.chat()
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
