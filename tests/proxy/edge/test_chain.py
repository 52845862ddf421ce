"""The agent's steps and variants as a client meets them: routed, edited, observed, bypassed, recorded."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from middleware.exchange import Exchange
from middleware.messages import Chunk
from middleware.protocol import Handler, Settings
from middleware.reply import Ending, Reply
from middleware.services import Services
from proxy.wire.chat import ChatCompletion
from tests.proxy.edge.conftest import Start
from tests.support.proxy import AGENT, asking
from tests.support.upstream import Gate, Upstream, calls, error, says, tool
from tests.support.wire import connected

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@dataclass(frozen=True, slots=True)
class Shouted:
    word: str


class Shout:
    """Adds a word to the question, and ends each piece of the answer with a mark."""

    class Settings(Settings):
        word: str = "hey"
        mark: str = "!"

    def __init__(self, settings: "Shout.Settings", services: Services) -> None:
        self.settings = settings

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        exchange.record(Shouted(self.settings.word))
        reply = await call_next(exchange.with_request(exchange.request.with_message("user", self.settings.word)))
        return reply.transform(self.marked)

    async def marked(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            yield chunk.with_text(chunk.text + self.settings.mark) if chunk.text else chunk


class Breaks:
    """Fails where it is told to."""

    class Settings(Settings):
        where: str

    def __init__(self, settings: "Breaks.Settings", services: Services) -> None:
        self.where = settings.where

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        if self.where == "before":
            raise RuntimeError("before")
        reply = await call_next(exchange)
        if self.where == "after":
            raise RuntimeError("after")
        if self.where == "fact":
            exchange.record({"not": "a fact"})
        if self.where == "end":
            reply = reply.on_end(self.ended)
        return reply.transform(self.stage) if self.where == "within" else reply

    async def stage(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            if chunk.text:
                raise RuntimeError("within")
            yield chunk

    def ended(self, ending: Ending) -> None:
        raise RuntimeError("end")


class Answers:
    """Answers in the model's place, with an error where `status` is one, and watches over its own reply."""

    class Settings(Settings):
        status: int = 200

    held: Gate | None = None

    def __init__(self, settings: "Answers.Settings", services: Services) -> None:
        self.status = settings.status

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        if self.status >= 400:
            assert self.held is not None
            await self.held.wait()
            return Reply.of(ChatCompletion(b'{"error": {"message": "no"}}'), status=self.status)
        return Reply.of(ChatCompletion.saying("mine", model="none")).on_end(self.ended)

    def ended(self, ending: Ending) -> None:
        raise RuntimeError("end")


STEPS: dict[str, type[Any]] = {"shout": Shout, "breaks": Breaks, "answers": Answers}
VARIANTS: dict[str, Any] = {
    "terse": {
        "instructions": {"append": ["Be brief.", "Be kind."]},
        "model": "large",
        "sampling": {"temperature": 0, "top_p": 0.5, "max_tokens": 9, "seed": 7},
        "steps": {"shout": {"word": "ho"}},
    },
    "quiet": {"steps": {"shout": {"enabled": False}}},
}
MODELS = {
    "small": {"provider": "local", "model": "small-instruct"},
    "large": {"provider": "local", "model": "large-instruct"},
}


def agent(policy: Any, **more: Any) -> dict[str, Any]:
    steps = [{"variant_routing": {"policy": policy}}, {"shout": {"word": "hey"}}, "tool_outcomes"]
    return {"variants": VARIANTS, "middleware": steps, **more}


@STREAMS
async def test_a_variant_changes_instructions_model_sampling_and_the_settings_of_steps(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(agent=agent({"fixed": "terse"}), steps=STEPS, models=MODELS)
    upstream.reply(says("a"))
    answer = await proxy.chat({"role": "system", "content": "Help."}, "hello", temperature=1, top_k=5, stream=stream)
    assert (answer.variant, answer.text) == ("terse", "a!")
    sent = upstream.requests[0].json()
    assert sent["model"] == "large-instruct"
    assert [message["content"] for message in sent["messages"]] == ["Help.\n\nBe brief.\nBe kind.", "hello", "ho"]
    assert {key: sent[key] for key in ("temperature", "top_p", "max_tokens", "seed", "top_k")} == {
        "temperature": 0,
        "top_p": 0.5,
        "max_tokens": 9,
        "seed": 7,
        "top_k": 5,
    }
    (run,) = await proxy.recorded()
    assert (run.variant, run.model_requested, run.model) == ("terse", "small", "large-instruct")
    assert run.assignment is not None
    assert (run.assignment.variant, run.assignment.propensity) == ("terse", 1.0)
    assert [step.name for step in run.steps] == ["variant_routing", "shout", "tool_outcomes"]
    assert [fact.attributes for fact in run.facts("shouted")] == [{"word": "ho"}]
    assert json.loads(run.request or "")["temperature"] == 1
    assert json.loads(run.sent or "")["temperature"] == 0


async def test_a_variant_may_switch_a_step_off(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent({"fixed": "quiet"}), steps=STEPS)
    upstream.reply(says("a"))
    assert (await proxy.chat()).text == "a"
    (run,) = await proxy.recorded()
    assert [step.name for step in run.steps] == ["variant_routing", "tool_outcomes"]


async def test_max_tokens_goes_by_the_name_the_client_uses(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent({"fixed": "terse"}), steps=STEPS, models=MODELS)
    await proxy.chat(max_completion_tokens=500)
    sent = upstream.requests[0].json()
    assert sent["max_completion_tokens"] == 9
    assert "max_tokens" not in sent


async def test_each_session_keeps_its_variant_over_its_turns_and_the_shares_are_the_weights(
    upstream: Upstream, start: Start
) -> None:
    proxy = await start(agent=agent({"weighted": {"base": 1, "quiet": 1}}), steps=STEPS)
    upstream.always(says("answer"))
    for number in range(24):
        named = {"x-burnish-session": f"session-{number}"}
        variants = {(await proxy.chat(f"{number}: {turn}", headers=named)).variant for turn in range(2)}
        assert len(variants) == 1
    runs = await proxy.recorded(48)
    counted = Counter(run.variant for run in runs)
    assert counted.keys() == {"base", "quiet"}
    assert all(
        run.assignment and (run.assignment.variant, run.assignment.propensity) == (run.variant, 0.5) for run in runs
    )


async def test_two_workers_of_one_installation_draw_alike(upstream: Upstream, start: Start) -> None:
    policy = {"weighted": {"base": 1, "quiet": 1}}
    one, two = [await start(agent=agent(policy), steps=STEPS) for _ in range(2)]
    sessions = [{"x-burnish-session": str(number)} for number in range(20)]
    drawn = [(await one.chat(headers=each)).variant for each in sessions]
    assert drawn == [(await two.chat(headers=each)).variant for each in sessions]
    assert len(set(drawn)) == 2


@STREAMS
async def test_observe_runs_and_records_the_chain_and_changes_nothing(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(agent=agent({"fixed": "terse"}, mode="observe"), steps=STEPS, models=MODELS)
    upstream.reply(calls(tool("weather", city="Paris")))
    answer = await proxy.chat("hello", stream=stream)
    assert answer.variant == "base"
    assert [message["content"] for message in upstream.requests[0].json()["messages"]] == ["hello"]
    assert upstream.requests[0].json()["model"] == "small-instruct"
    (run,) = await proxy.recorded()
    assert (run.variant, run.outcome) == ("base", "ok")
    assert run.assignment is not None
    assert run.assignment.variant == "terse"
    assert [fact.attributes for fact in run.facts("shouted")] == [{"word": "ho"}]
    assert [fact.attributes["names"] for fact in run.facts("tools_asked")] == [["weather"]]


@STREAMS
@pytest.mark.parametrize("where", ["before", "after", "within", "end", "fact"])
async def test_observing_steps_that_fail_cost_nothing(
    upstream: Upstream, start: Start, where: str, stream: bool
) -> None:
    steps = [{"breaks": {"where": where, "on_error": "closed"}}]
    proxy = await start(agent={"middleware": steps, "mode": "observe"}, steps=STEPS)
    upstream.reply(says("a"))
    answer = await proxy.chat(stream=stream)
    assert (answer.status, answer.text) == (200, "a")
    (run,) = await proxy.recorded()
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


@STREAMS
async def test_bypass_calls_the_model_without_the_chain(upstream: Upstream, start: Start, stream: bool) -> None:
    proxy = await start(agent=agent({"fixed": "terse"}, mode="bypass"), steps=STEPS, models=MODELS)
    upstream.reply(says("a"))
    answer = await proxy.chat("hello", stream=stream)
    assert (answer.variant, answer.text) == ("base", "a")
    assert upstream.requests[0].json()["messages"] == [{"role": "user", "content": "hello"}]
    (run,) = await proxy.recorded()
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


async def test_an_agent_may_leave_no_record(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"record": "none"})
    assert (await proxy.chat(stream=True)).status == 200
    assert (await proxy.get("/v1/files")).status == 200
    assert proxy.runs() == []
    assert proxy.metric("burnish_calls_total", agent=AGENT, variant="base", api="chat", outcome="ok", status="200") == 1


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


async def test_metrics_count_by_names_of_the_configuration_only(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=agent({"fixed": "terse"}), steps=STEPS, models=MODELS)
    upstream.reply(says("a").costing(11, 5))
    chosen = "chosen-by-the-client"
    await proxy.chat(
        chosen, model=chosen, user=chosen, headers={"x-burnish-session": chosen}, metadata={chosen: chosen}
    )
    await proxy.post({}, path=f"/v1/{chosen}", headers={"user-agent": chosen})
    await proxy.chat(headers={"x-burnish-turn": chosen})
    await proxy.chat(headers={"authorization": f"Bearer {chosen}"})
    await proxy.get(f"/{chosen}", method="PROPFIND")
    upstream.reply(error(418, chosen, code=chosen, type=chosen))
    await proxy.chat()
    await proxy.get(f"/v1/models/{chosen}")
    exposition = (await proxy.get("/metrics")).body.decode()
    assert chosen not in exposition

    called = {"agent": AGENT, "variant": "terse", "api": "chat"}
    assert proxy.metric("burnish_calls_total", **called, outcome="ok", status="200") == 1
    assert proxy.metric("burnish_calls_total", **called, outcome="error", status="418") == 1
    assert proxy.metric("burnish_tokens_total", agent=AGENT, direction="input") == 11
    assert proxy.metric("burnish_tokens_total", agent=AGENT, direction="output") == 5
    assert proxy.metric("burnish_call_seconds_count", agent=AGENT, api="chat") == 2
    assert proxy.metric("burnish_attempts_total", provider="local", result="ok") == 2
    assert proxy.metric("burnish_attempts_total", provider="local", result="error") == 1
    assert proxy.metric("burnish_refused_total", api="chat", status="401", code="invalid_api_key") == 1
