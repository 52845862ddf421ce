"""Whatever API a client speaks and whatever its provider does: the same answers, records and sessions."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.steps import STEPS
from tests.proxy.edge.ways import WAYS, Way
from tests.support.asgi import AsgiClient
from tests.support.speaking import Told
from tests.support.upstream import Broken, Upstream, calls, error, says, tool

EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=str)
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@EVERY_WAY
@STREAMS
async def test_an_answer_comes_with_its_text_its_end_and_its_usage(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("Hello, ", "wörld", "\n").costing(7, 3))
    asking: dict[str, Any] = {"stream": stream}
    if stream and way.client.name == "chat":
        asking["stream_options"] = {"include_usage": True}
    told = await line.told("Hi", **asking)
    assert told == Told("Hello, wörld\n", (), "stop", (7, 3))
    (run,) = await line.proxy.recorded()
    assert (run.outcome, run.status, run.streamed, run.operation) == ("ok", 200, stream, "chat")
    assert run.usage is not None
    assert (run.usage.input, run.usage.output) == (7, 3)
    assert run.finish_reasons == ("stop",)
    assert run.route == f"POST {way.client.path}"
    assert way.client.read(json.loads(run.answer or "")).text == "Hello, wörld\n"
    assert run.model_answered == "small-instruct"
    steps = {step.name: step for step in run.steps}
    assert ("convert" in steps) == way.converts


@EVERY_WAY
@STREAMS
async def test_parallel_tool_calls_go_out_and_their_results_come_back_in_one_session(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream, agent={"middleware": ["tool_outcomes"]})
    line.reply(calls(tool("weather", id="call_a", city="Paris"), tool("time", id="call_b", zone="CET")))
    told = await line.told("hello", tools=["weather", "time"], stream=stream)
    asked = (("call_a", "weather", {"city": "Paris"}), ("call_b", "time", {"zone": "CET"}))
    assert (told.calls, told.finish_reason) == (asked, "tool_calls")
    history: list[Any] = [
        "hello",
        {
            "role": "assistant",
            "tool_calls": [
                {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
                for id, name, arguments in asked
            ],
        },
        {"role": "tool", "tool_call_id": "call_b", "content": "noon"},
        {"role": "tool", "tool_call_id": "call_a", "content": "sunny"},
    ]
    line.reply(says("It is sunny at noon."))
    assert (await line.told(*history, tools=["weather", "time"], stream=stream)).text == "It is sunny at noon."
    first, second = await line.proxy.recorded(2)
    assert [fact.attributes["ids"] for fact in first.facts("tools_asked")] == [["call_a", "call_b"]]
    assert [(event.call_id, event.name, event.result, event.asked_by) for event in second.tools] == [
        ("call_b", "time", "noon", first.id),
        ("call_a", "weather", "sunny", first.id),
    ]
    assert second.session == first.session


@EVERY_WAY
@STREAMS
async def test_a_later_turn_joins_the_session_whose_transcript_it_extends(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("one"), says("two"), says("three"))
    await line.told("a", stream=stream)
    await line.told("a", {"role": "assistant", "content": "one"}, "b", stream=stream)
    await line.told("another", stream=stream)
    first, second, third = await line.proxy.recorded(3)
    assert first.session == second.session != third.session


@EVERY_WAY
@STREAMS
async def test_an_error_of_the_provider_keeps_its_status_and_words(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream)
    line.reply(error(429, message="Slow down, please.", retry_after=7))
    answer = await line.ask("hello", stream=stream)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert way.client.error(answer)["message"] == "Slow down, please."
    assert ("type" in answer.json()) == (way.client.name == "messages")
    (run,) = await line.proxy.recorded()
    assert (run.status, run.outcome) == (429, "error")


@EVERY_WAY
async def test_a_stream_that_breaks_ends_in_an_error_event(upstream: Upstream, start: Start, way: Way) -> None:
    line = await way.open(start, upstream)
    line.reply(says("half", Broken("The model fell over.")))
    answer = await line.ask("hello", stream=True)
    assert answer.status == 200
    assert "The model fell over." in way.client.error(answer)["message"]
    assert b"half" in answer.body
    (run,) = await line.proxy.recorded()
    assert run.outcome == "error"
    assert "The model fell over." in (run.error or "")


@pytest.mark.parametrize("way", [way for way in WAYS if way.converts and way.provider.name == "chat"], ids=str)
async def test_a_provider_that_must_not_be_asked_for_usage_is_not_and_none_is_recorded(
    upstream: Upstream, start: Start, way: Way
) -> None:
    priced = {"small": {"provider": "local", "model": "small-instruct", "price": {"input": 1.0, "output": 2.0}}}
    line = await way.open(start, upstream, provider={"include_usage": False}, models=priced)
    line.reply(says("a"))
    assert (await line.told(stream=True)).text == "a"
    assert "stream_options" not in upstream.requests[0].json()
    (run,) = await line.proxy.recorded()
    assert (run.usage, run.cost_usd) == (None, None)


@pytest.mark.parametrize("way", [way for way in WAYS if way.converts], ids=str)
async def test_what_a_conversion_leaves_out_is_on_record(upstream: Upstream, start: Start, way: Way) -> None:
    line = await way.open(start, upstream)
    line.reply(says("a"))
    assert (await line.ask("hello", made_up_field=1)).status == 200
    (run,) = await line.proxy.recorded()
    (converted,) = run.facts("converted")
    assert (converted.attributes["source"], converted.attributes["target"]) == (way.client.name, way.provider.name)
    dropped = converted.attributes["dropped"]
    assert isinstance(dropped, list)
    assert any(str(each).startswith("made_up_field") for each in dropped)
    assert "made_up_field" not in upstream.requests[0].json()


LAST = {"chat": b"data: [DONE]", "responses": b"event: response.completed", "messages": b"event: message_stop"}


@EVERY_WAY
@pytest.mark.parametrize("steps", [[], ["shout"]], ids=["as it came", "edited"])
async def test_the_call_is_on_record_before_the_event_that_ends_its_stream(
    upstream: Upstream, start: Start, way: Way, steps: list[str]
) -> None:
    line = await way.open(start, upstream, agent={"middleware": steps}, steps=STEPS)
    line.reply(says("a", "b"))
    sent: list[tuple[int, bytes]] = []

    def watching(message: Mapping[str, Any]) -> None:
        sent.append((line.proxy.worker.recorded, message.get("body", b"")))

    body = json.dumps(way.client.asking(stream=True)).encode()
    await AsgiClient(line.proxy, watching).ask(body, target=way.client.path)
    at = next(place for place, (_, event) in enumerate(sent) if LAST[way.client.name] in event)
    assert [recorded for recorded, _ in sent[: at + 1]] == [0] * at + [1]
