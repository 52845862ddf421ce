"""Steps that fail, answer in the model's place, or watch over several calls, as a client meets them."""

import json
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.steps import STEPS, Answers
from tests.proxy.edge.ways import NATIVE, Way
from tests.support.proxy import asking
from tests.support.upstream import Gate, Upstream, calls, says, tool
from tests.support.wire import connected

EVERY_API = pytest.mark.parametrize("way", NATIVE, ids=str)
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@EVERY_API
@STREAMS
@pytest.mark.parametrize("where", ["before", "after", "within", "end", "fact"])
async def test_a_step_that_fails_open_costs_neither_answer_nor_record(
    upstream: Upstream, start: Start, way: Way, where: str, stream: bool
) -> None:
    line = await way.open(start, upstream, agent={"middleware": [{"breaks": {"where": where}}, "shout"]}, steps=STEPS)
    line.reply(says("a", "b"))
    assert (await line.told(stream=stream)).text.replace("!", "") == "ab"
    (run,) = await line.proxy.recorded()
    assert (run.outcome, run.status) == ("ok", 200)
    assert run.steps[0].name == "breaks"
    if where != "end":
        assert run.steps[0].error
    assert [fact.attributes for fact in run.facts("shouted")] == [{"word": "hey"}]


@EVERY_API
@STREAMS
async def test_what_steps_make_of_an_answer_is_what_the_client_sees_everywhere_in_it(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream, agent={"middleware": ["shout"]}, steps=STEPS)
    line.reply(says("a", "b"))
    answer = await line.ask(stream=stream)
    said = "a!b!" if stream else "ab!"
    assert way.client.told(answer).text == said
    (run,) = await line.proxy.recorded()
    assert way.client.read(json.loads(run.answer or "")).text == said
    assert way.client.asked(upstream.requests[0].json()) == ["hello", "hey"]


@EVERY_API
@STREAMS
async def test_a_step_may_answer_in_the_models_place(upstream: Upstream, start: Start, way: Way, stream: bool) -> None:
    line = await way.open(start, upstream, agent={"middleware": ["shout", "answers"]}, steps=STEPS)
    assert (await line.told(stream=stream)).text == "mine!"
    assert upstream.requests == []
    (run,) = await line.proxy.recorded()
    assert (run.outcome, run.provider, run.attempts) == ("ok", None, ())


@STREAMS
async def test_a_step_may_refuse_even_after_a_ping(upstream: Upstream, start: Start, stream: bool) -> None:
    class Refuses(Answers):
        held = Gate()

    written = {"agent": {"middleware": [{"refuses": {"status": 403}}]}, "server": {"ping": 0.01}}
    proxy = await start(**written, steps={"refuses": Refuses})
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=stream))
        if stream:
            status, _ = await wire.head()
            assert (status, await wire.frame()) == (200, b": ping\n\n")
        Refuses.held.open()
        if stream:
            assert (await wire.frames())[-1] == b'data: {"error": {"message": "no"}}\n\n'
        else:
            assert (await wire.head())[0] == 403
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome) == (403, "error")


@EVERY_API
@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_step_that_fails_closed_fails_the_call_and_is_named(
    upstream: Upstream, start: Start, way: Way, where: str
) -> None:
    breaks = {"breaks": {"where": where, "on_error": "closed"}}
    line = await way.open(start, upstream, agent={"middleware": [breaks]}, steps=STEPS)
    answer = await line.ask()
    assert answer.status == 500
    assert "'breaks'" in way.client.error(answer)["message"]
    (run,) = await line.proxy.recorded()
    assert (run.outcome, run.status) == ("error", 500)
    if upstream.requests:
        await upstream.requests[0].answered.wait()


@EVERY_API
async def test_a_stage_that_fails_closed_ends_a_stream_with_an_error(
    upstream: Upstream, start: Start, way: Way
) -> None:
    breaks = {"breaks": {"where": "within", "on_error": "closed"}}
    line = await way.open(start, upstream, agent={"middleware": [breaks]}, steps=STEPS)
    line.reply(says("a", Gate()))
    answer = await line.ask(stream=True)
    assert "'breaks'" in way.client.error(answer)["message"]
    await upstream.requests[0].left.wait()


@EVERY_API
async def test_tool_calls_and_results_are_joined_over_two_calls(upstream: Upstream, start: Start, way: Way) -> None:
    line = await way.open(start, upstream, agent={"middleware": ["tool_outcomes"]})
    proxy = line.proxy
    line.reply(calls(tool("weather", id="call_a", city="Paris"), tool("time", id="call_b", zone="CET")))
    first = await line.ask("hello", tools=["weather", "time"], stream=True)
    history: list[Any] = [
        "hello",
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}}
                for id, name in (("call_a", "weather"), ("call_b", "time"))
            ],
        },
        {"role": "tool", "tool_call_id": "call_b", "content": "noon"},
        {"role": "tool", "tool_call_id": "call_a", "content": "sunny"},
    ]
    line.reply(says("It is sunny at noon."))
    answer = await line.ask(*history)
    asked, answered = await proxy.recorded(2)
    assert [fact.attributes["ids"] for fact in asked.facts("tools_asked")] == [["call_a", "call_b"]]
    assert [(event.call_id, event.name, event.result) for event in answered.tools] == [
        ("call_b", "time", "noon"),
        ("call_a", "weather", "sunny"),
    ]
    for event in answered.tools:
        assert (event.asked_by, event.asked_trace) == (first.run_id, asked.trace_id)
        # The answer ends a little after its record was made; the result arrives with the call that brings it.
        assert asked.started_ns < event.started_ns <= event.ended_ns == answered.started_ns
    assert answered.session == asked.session
    assert answer.status == 200

    history += [{"role": "assistant", "content": "It is sunny at noon."}, "Thanks."]
    await line.ask(*history)
    assert (await proxy.recorded(3))[2].tools == ()
