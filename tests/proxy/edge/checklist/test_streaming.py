"""Streams leave as they come, event by event, in the shape clients read. Checklist items 2–9, 26."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import Answer, Proxy, asking
from tests.support.upstream import (
    PING,
    Gate,
    Pause,
    Raw,
    Received,
    Reply,
    Upstream,
    calls,
    crlf,
    error,
    held,
    in_pieces,
    says,
    tool,
    without_done,
)
from tests.support.upstream.spoken import ToolCall
from tests.support.wire import Wire, connected

USAGE = {"include_usage": True}
HEARTBEAT = {"ping": 0.02}
"""Seconds of silence before a ping: short, and every test waits for the ping itself, not for the time."""


@pytest.mark.parametrize("size", [1, 7, 61, 100_000])
async def test_item_02_each_event_ends_in_a_blank_line_and_leaves_in_one_write(
    upstream: Upstream, proxy: Proxy, size: int
) -> None:
    upstream.reply(in_pieces(says("a", "ü\n\nb", "€"), size))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        frames = await wire.frames()
    assert len(frames) == 6
    for frame in frames:
        assert frame.startswith(b"data: ")
        assert frame.endswith(b"\n\n")
        assert frame.count(b"\n\n") == 1
    assert frames[-1] == b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "reply",
    [crlf(says("a", "b")), without_done(says("a", "b")), says("a", PING, Raw(b"event: x\nid: 1\n\n"), "b")],
    ids=["crlf", "without done", "with comments"],
)
async def test_item_02_however_the_provider_writes_its_stream(upstream: Upstream, proxy: Proxy, reply: Reply) -> None:
    upstream.reply(reply)
    answer = await proxy.chat(stream=True)
    assert answer.text == "ab"
    assert b"\r" not in answer.body
    assert all(block.startswith(b"data: ") for block in answer.blocks)
    assert answer.data[-1] == b"[DONE]"


async def test_item_02_an_event_of_many_lines_leaves_on_one(upstream: Upstream, proxy: Proxy) -> None:
    event = {"id": "1", "choices": [{"index": 0, "delta": {"content": "a\nb"}, "finish_reason": None}]}
    lines = "".join(f"data: {line}\n" for line in json.dumps(event, indent=2).splitlines())
    upstream.reply(says(Raw(f"{lines}\n".encode())))
    answer = await proxy.chat(stream=True)
    assert answer.events[0] == event
    assert all(b"\n" not in block for block in answer.blocks)


async def test_item_03_the_first_byte_is_never_held_back(upstream: Upstream, proxy: Proxy) -> None:
    gate = Gate()
    upstream.reply(says("a", gate, "b"))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        seen = [await wire.frame(), await wire.frame()]
        assert b'"content": "a"' in seen[1]
        assert not gate.is_open
        gate.open()
        assert b'"content": "b"' in b"".join(await wire.frames())


async def test_item_03_headers_leave_before_the_model_has_said_anything(upstream: Upstream, proxy: Proxy) -> None:
    gate = Gate()
    upstream.reply(says(gate, "a"))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        status, _ = await wire.head()
        assert status == 200
        gate.open()
        assert len(await wire.frames()) == 4


async def test_item_03_streams_forbid_caches_and_proxies_to_buffer(proxy: Proxy) -> None:
    headers = (await proxy.chat(stream=True)).headers
    assert "no-transform" in headers["cache-control"]
    assert headers["x-accel-buffering"] == "no"
    assert headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "*/*"])
async def test_item_04_the_body_decides_whether_to_stream_never_accept(
    upstream: Upstream, proxy: Proxy, accept: str
) -> None:
    whole = await proxy.chat(headers={"accept": accept})
    streamed = await proxy.chat(headers={"accept": accept}, stream=True)
    assert whole.headers["content-type"] == "application/json"
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert [request.json().get("stream") for request in upstream.requests] == [None, True]


def _as_if(request: Received, *, stream: bool) -> Received:
    """The request a provider would have to get to answer in the other way."""
    return replace(request, body=json.dumps({**request.json(), "stream": stream}).encode())


async def test_item_04_a_whole_answer_to_a_stream_is_streamed(upstream: Upstream, proxy: Proxy) -> None:
    whole = says("all at once").and_calls(tool("f", a=1))
    upstream.reply(lambda request: whole(_as_if(request, stream=False)))
    answer = await proxy.chat(stream=True, stream_options=USAGE)
    assert answer.text == "all at once"
    assert answer.data[-1] == b"[DONE]"
    assert [event["object"] for event in answer.events] == ["chat.completion.chunk"] * 3
    (call,) = answer.events[0]["choices"][0]["delta"]["tool_calls"]
    assert (call["index"], call["function"]) == (0, {"name": "f", "arguments": '{"a": 1}'})
    assert answer.events[1]["choices"][0]["finish_reason"] == "tool_calls"
    assert answer.events[2]["usage"]["total_tokens"] > 0


async def test_item_04_a_streamed_answer_to_a_whole_request_is_given_whole(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(lambda request: says("a", "b")(_as_if(request, stream=True)))
    answer = await proxy.chat()
    assert answer.headers["content-type"] == "application/json"
    assert (answer.json()["object"], answer.text) == ("chat.completion", "ab")


def _with_usage(answer: Answer) -> list[Any]:
    return [event for event in answer.events if "usage" in event]


async def test_item_05_usage_comes_once_before_done_to_a_client_that_asked(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("a").costing(11, 5))
    answer = await proxy.chat(stream=True, stream_options=USAGE)
    last = answer.events[-1]
    assert last["choices"] == []
    assert (last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (11, 5)
    assert [event["usage"] for event in _with_usage(answer)[:-1]] == [None] * 3
    assert answer.data[-1] == b"[DONE]"


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"include_obfuscation": False}])
async def test_item_05_no_usage_comes_to_a_client_that_did_not_ask(proxy: Proxy, options: Any) -> None:
    answer = await proxy.chat(stream=True, **({} if options is None else {"stream_options": options}))
    assert _with_usage(answer) == []
    assert all(event["choices"] for event in answer.events)


@pytest.mark.parametrize("options", [None, {"include_obfuscation": False, "include_usage": False}])
async def test_item_06_usage_that_we_asked_for_is_recorded_and_stripped(
    upstream: Upstream, proxy: Proxy, options: Any
) -> None:
    upstream.reply(says("a").costing(11, 5))
    answer = await proxy.chat(stream=True, stream_options=options)
    assert upstream.requests[0].json()["stream_options"] == {**(options or {}), "include_usage": True}
    assert b"usage" not in answer.body
    (run,) = await proxy.recorded()
    assert run.usage is not None
    assert (run.usage.input, run.usage.output) == (11, 5)


async def test_item_06_usage_on_the_last_words_is_stripped_and_the_words_are_kept(
    upstream: Upstream, proxy: Proxy
) -> None:
    event = {
        "id": "1",
        "choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        "x": {"usage": 1},
    }
    upstream.reply(says("a", Raw(f"data: {json.dumps(event)}\n\n".encode())))
    answer = await proxy.chat(stream=True)
    assert {key: value for key, value in event.items() if key != "usage"} in answer.events
    assert _with_usage(answer) == []


async def test_item_06_a_provider_that_knows_no_usage_option_is_not_asked(upstream: Upstream, start: Start) -> None:
    proxy = await start(providers={"local": {"base_url": upstream.base_url, "include_usage": False}})
    await proxy.chat(stream=True)
    assert "stream_options" not in upstream.requests[0].json()


def _call_deltas(answer: Answer) -> list[dict[str, Any]]:
    return [
        delta
        for event in answer.events
        for choice in event["choices"]
        for delta in choice["delta"].get("tool_calls") or ()
    ]


async def test_item_07_tool_deltas_keep_index_and_name_the_call_only_once(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(calls(tool("weather", id="call_a", city="Malmö", pieces=9)))
    first, *others = _call_deltas(await proxy.chat(stream=True))
    assert (first["index"], first["id"], first["type"], first["function"]["name"]) == (
        0,
        "call_a",
        "function",
        "weather",
    )
    assert [set(delta) for delta in others] == [{"index", "function"}] * 9
    assert [set(delta["function"]) for delta in others] == [{"arguments"}] * 9
    assert "".join(delta["function"]["arguments"] for delta in [first, *others]) == '{"city": "Malmö"}'


async def test_item_07_arguments_need_not_be_json_to_concatenate_exactly(upstream: Upstream, proxy: Proxy) -> None:
    broken = '{"a": "\\ud83d\\ude00 \n\t\\"", \'b\': nan'
    upstream.reply(calls(ToolCall("f", broken, pieces=13)))
    assert "".join(delta["function"]["arguments"] for delta in _call_deltas(await proxy.chat(stream=True))) == broken
    (run,) = await proxy.recorded()
    (call,) = json.loads(run.answer or "")["choices"][0]["message"]["tool_calls"]
    assert call["function"]["arguments"] == broken


@pytest.mark.parametrize("reply", [says("a", "b"), calls(tool("f", a=1))], ids=["text", "call"])
async def test_item_08_finish_reason_is_null_until_the_end(upstream: Upstream, proxy: Proxy, reply: Reply) -> None:
    upstream.reply(reply)
    *before, last = [choice for event in (await proxy.chat(stream=True)).events for choice in event["choices"]]
    assert [choice["finish_reason"] for choice in before] == [None] * len(before)
    assert last["finish_reason"] in ("stop", "tool_calls")


async def test_item_08_finish_reason_is_null_until_the_end_of_a_whole_answer_that_is_streamed(
    upstream: Upstream, proxy: Proxy
) -> None:
    upstream.reply(lambda request: says("a").ending_with("length")(_as_if(request, stream=False)))
    reasons = [event["choices"][0]["finish_reason"] for event in (await proxy.chat(stream=True)).events]
    assert reasons == [None, "length"]


async def test_item_09_parallel_tool_calls_interleave(upstream: Upstream, proxy: Proxy) -> None:
    asked = [tool("weather", id="a", city="Paris", pieces=4), tool("time", id="b", zone="CET", pieces=2)]
    upstream.reply(calls(*asked, tool("now", id="c", pieces=1)))
    deltas = _call_deltas(await proxy.chat(stream=True))
    assert [delta["index"] for delta in deltas] == [0, 1, 2, 0, 1, 2, 0, 1, 0, 0]
    arguments = {n: "".join(d["function"]["arguments"] for d in deltas if d["index"] == n) for n in range(3)}
    assert arguments == {0: '{"city": "Paris"}', 1: '{"zone": "CET"}', 2: "{}"}
    (run,) = await proxy.recorded()
    recorded = json.loads(run.answer or "")["choices"][0]["message"]["tool_calls"]
    assert [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in recorded] == [
        ("a", "weather", '{"city": "Paris"}'),
        ("b", "time", '{"zone": "CET"}'),
        ("c", "now", "{}"),
    ]


async def test_item_26_a_ping_comes_while_the_model_is_silent(upstream: Upstream, start: Start) -> None:
    proxy = await start(server=HEARTBEAT)
    gate = Gate()
    upstream.reply(says("a", gate, "b"))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        await _until(wire, b'"a"')
        assert [await wire.frame(), await wire.frame()] == [b": ping\n\n"] * 2
        gate.open()
        rest = [frame for frame in await wire.frames() if frame != b": ping\n\n"]
    assert b'"b"' in rest[0]
    assert rest[-1] == b"data: [DONE]\n\n"


async def test_item_26_a_ping_comes_while_the_upstream_is_held_before_its_headers(
    upstream: Upstream, start: Start
) -> None:
    proxy = await start(server=HEARTBEAT)
    gate = Gate()
    upstream.reply(held(says("late"), gate))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        status, headers = await wire.head()
        assert (status, dict(headers)["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert await wire.frame() == b": ping\n\n"
        gate.open()
        assert b'"late"' in b"".join(await wire.frames())


async def test_item_26_an_error_after_a_ping_comes_as_an_event(upstream: Upstream, start: Start) -> None:
    proxy = await start(server=HEARTBEAT)
    gate = Gate()
    upstream.reply(held(error(429, "Slow down."), gate))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        assert await wire.frame() == b": ping\n\n"
        gate.open()
        *_, last = await wire.frames()
    assert json.loads(last.removeprefix(b"data: "))["error"]["message"] == "Slow down."
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome) == (429, "error")


async def test_item_26_pings_stand_between_events_never_within_one(upstream: Upstream, start: Start) -> None:
    proxy = await start(server=HEARTBEAT)
    gate = Gate()
    event = json.dumps({"id": "1", "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]})
    upstream.reply(says("a", Raw(f"data: {event[:30]}".encode()), gate, Raw(f"{event[30:]}\n\n".encode())))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        await _until(wire, b'"a"')
        assert [await wire.frame(), await wire.frame()] == [b": ping\n\n"] * 2
        gate.open()
        assert f"data: {event}\n\n".encode() in await wire.frames()


async def _until(wire: Wire, text: bytes) -> None:
    """Reads on to the event that holds this, past pings that a busy machine let in."""
    while text not in await wire.frame():
        pass


async def test_item_26_a_whole_answer_has_no_pings(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"ping": 0.001})
    upstream.reply(held(says("late"), Pause(0.02)))
    answer = await proxy.chat()
    assert (answer.headers["content-type"], answer.text) == ("application/json", "late")
