"""The chain looking on, or left out, wholly or step by step."""

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.steps import MODELS, STEPS, agent
from tests.proxy.edge.ways import NATIVE, Way
from tests.support.proxy import asking
from tests.support.upstream import Gate, Upstream, calls, error, says, tool
from tests.support.wire import connected

EVERY_API = pytest.mark.parametrize("way", NATIVE, ids=str)
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@EVERY_API
@STREAMS
async def test_observe_runs_and_records_the_chain_and_changes_nothing(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    observing = agent({"fixed": "terse"}, mode="observe")
    line = await way.open(start, upstream, agent=observing, steps=STEPS, models=MODELS)
    line.reply(calls(tool("weather", city="Paris")))
    answer = await line.ask("hello", stream=stream)
    assert answer.variant == "base"
    assert way.client.asked(upstream.requests[0].json()) == ["hello"]
    assert upstream.requests[0].json()["model"] == "small-instruct"
    (run,) = await line.proxy.recorded()
    assert (run.variant, run.outcome) == ("base", "ok")
    assert run.assignment is not None
    assert run.assignment.variant == "terse"
    assert [fact.attributes for fact in run.facts("shouted")] == [{"word": "ho"}]
    assert [fact.attributes["names"] for fact in run.facts("tools_asked")] == [["weather"]]


@EVERY_API
@STREAMS
@pytest.mark.parametrize("where", ["before", "after", "within", "end", "fact"])
async def test_observing_steps_that_fail_cost_nothing(
    upstream: Upstream, start: Start, way: Way, where: str, stream: bool
) -> None:
    steps = [{"breaks": {"where": where, "on_error": "closed"}}]
    line = await way.open(start, upstream, agent={"middleware": steps, "mode": "observe"}, steps=STEPS)
    line.reply(says("a"))
    assert (await line.told(stream=stream)).text == "a"
    (run,) = await line.proxy.recorded()
    assert run.outcome == "ok"


async def test_observing_does_not_hold_the_first_byte(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent("fixed", mode="observe"), steps=STEPS)
    gate = Gate()
    upstream.reply(says("a", gate, "b"))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        assert b'"a"' in await wire.frame() + await wire.frame()
        gate.open()
        assert b'"b"' in b"".join(await wire.frames())


async def test_observing_an_upstream_that_fails_tells_its_error(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent("fixed", mode="observe"), steps=STEPS)
    upstream.reply(error(503))
    assert (await proxy.chat()).status == 503
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome) == (503, "error")


@EVERY_API
@STREAMS
async def test_bypass_calls_the_model_without_the_chain(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    bypassing = agent({"fixed": "terse"}, mode="bypass")
    line = await way.open(start, upstream, agent=bypassing, steps=STEPS, models=MODELS)
    line.reply(says("a"))
    answer = await line.ask("hello", stream=stream)
    assert (answer.variant, way.client.told(answer).text) == ("base", "a")
    assert way.client.asked(upstream.requests[0].json()) == ["hello"]
    (run,) = await line.proxy.recorded()
    assert (run.variant, run.steps, run.assignment) == ("base", (), None)


async def test_a_call_may_go_without_steps_where_its_agent_allows_that(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent({"fixed": "terse"}, allow_bypass=True), steps=STEPS, models=MODELS)
    upstream.always(says("a"))
    answer = await proxy.chat("hello", headers={"x-burnish-bypass": "shout"})
    assert (answer.variant, answer.text) == ("terse", "a")
    answer = await proxy.chat("hello", headers={"x-burnish-bypass": " variant_routing , tool_outcomes,unknown"})
    assert (answer.variant, answer.text) == ("base", "a!")
    assert upstream.requests[1].json()["model"] == "small-instruct"
    first, second = await proxy.recorded(2)
    assert [step.name for step in first.steps] == ["variant_routing", "tool_outcomes"]
    assert [step.name for step in second.steps] == ["shout"]


async def test_it_may_not_where_its_agent_does_not(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent("fixed"), steps=STEPS)
    answer = await proxy.chat(headers={"x-burnish-bypass": "shout"})
    assert (answer.status, answer.error["code"]) == (403, "bypass_not_allowed")
    assert upstream.requests == []
