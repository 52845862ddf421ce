"""Steps that fail, answer in the model's place, or watch over several calls, as a client meets them."""

from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.steps import STEPS, Answers
from tests.support.proxy import asking
from tests.support.upstream import Gate, Upstream, calls, says, tool
from tests.support.wire import connected

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@STREAMS
@pytest.mark.parametrize("where", ["before", "after", "within", "end", "fact"])
async def test_a_step_that_fails_open_costs_neither_answer_nor_record(
    upstream: Upstream, start: Start, where: str, stream: bool
) -> None:
    proxy = await start(agent={"middleware": [{"breaks": {"where": where}}, "shout"]}, steps=STEPS)
    upstream.reply(says("a", "b"))
    answer = await proxy.chat(stream=stream)
    assert answer.status == 200
    assert answer.text.replace("!", "") == "ab"
    (run,) = await proxy.recorded()
    assert (run.outcome, run.status) == ("ok", 200)
    assert run.steps[0].name == "breaks"
    if where != "end":
        assert run.steps[0].error
    assert [fact.attributes for fact in run.facts("shouted")] == [{"word": "hey"}]


@STREAMS
async def test_a_step_may_answer_in_the_models_place(upstream: Upstream, start: Start, stream: bool) -> None:
    proxy = await start(agent={"middleware": ["shout", "answers"]}, steps=STEPS)
    answer = await proxy.chat(stream=stream)
    assert (answer.status, answer.text) == (200, "mine!")
    assert upstream.requests == []
    (run,) = await proxy.recorded()
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


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_step_that_fails_closed_fails_the_call_and_is_named(
    upstream: Upstream, start: Start, where: str
) -> None:
    proxy = await start(agent={"middleware": [{"breaks": {"where": where, "on_error": "closed"}}]}, steps=STEPS)
    answer = await proxy.chat()
    assert (answer.status, answer.error["code"]) == (500, "step_failed")
    assert "'breaks'" in answer.error["message"]
    (run,) = await proxy.recorded()
    assert (run.outcome, run.status) == ("error", 500)
    if upstream.requests:
        await upstream.requests[0].answered.wait()


async def test_a_stage_that_fails_closed_ends_a_stream_with_an_error(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": [{"breaks": {"where": "within", "on_error": "closed"}}]}, steps=STEPS)
    upstream.reply(says("a", Gate()))
    answer = await proxy.chat(stream=True)
    assert answer.events[-1]["error"]["code"] == "step_failed"
    assert "'breaks'" in answer.events[-1]["error"]["message"]
    await upstream.requests[0].left.wait()


async def test_tool_calls_and_results_are_joined_over_two_calls(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": ["tool_outcomes"]})
    upstream.reply(calls(tool("weather", id="call_a", city="Paris"), tool("time", id="call_b", zone="CET")))
    first = await proxy.chat("hello", stream=True)
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
    upstream.reply(says("It is sunny at noon."))
    answer = await proxy.chat(*history)
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
    await proxy.chat(*history)
    assert (await proxy.recorded(3))[2].tools == ()
