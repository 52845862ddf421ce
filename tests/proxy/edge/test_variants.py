"""What a variant changes, and who gets which."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.steps import MODELS, STEPS, agent
from tests.proxy.edge.ways import NATIVE, Way
from tests.support.upstream import Upstream, says

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


SAMPLING: dict[str, dict[str, Any]] = {
    "chat": {"temperature": 0, "top_p": 0.5, "max_tokens": 9, "seed": 7},
    "responses": {"temperature": 0, "top_p": 0.5, "max_output_tokens": 9},
    "messages": {"temperature": 0, "top_p": 0.5, "max_tokens": 9},
}
"""What a variant's settings are called in each API; two of them have no seed."""


@pytest.mark.parametrize("way", NATIVE, ids=str)
@STREAMS
async def test_a_variant_changes_instructions_model_sampling_and_the_settings_of_steps(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream, agent=agent({"fixed": "terse"}), steps=STEPS, models=MODELS)
    proxy = line.proxy
    line.reply(says("a"))
    system = {"role": "system", "content": "Help."}
    answer = await line.ask(system, "hello", temperature=1, top_k=5, stream=stream)
    assert (answer.variant, way.client.told(answer).text) == ("terse", "a!")
    sent = upstream.requests[0].json()
    assert sent["model"] == "large-instruct"
    assert way.client.asked(sent) == ["Help.\n\nBe brief.\nBe kind.", "hello", "ho"]
    sampling = SAMPLING[way.client.name]
    assert {key: sent[key] for key in (*sampling, "top_k")} == {**sampling, "top_k": 5}
    assert ("seed" in sent) == ("seed" in sampling)
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
