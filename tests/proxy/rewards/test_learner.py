"""Learning for one agent, seen from its stores: runs and scores in, rewards, epochs and decisions out."""

import pytest

from tests.proxy.rewards.conftest import Made
from tests.proxy.rewards.learning import a_call, a_thumb


def test_the_variant_whose_answers_are_liked_gets_the_traffic(learning: Made) -> None:
    agent = learning()
    for number in range(60):
        variant = ("base", "terse")[number % 2]
        call = a_call(f"{number}", variant, session=f"s{number}", at=number)
        agent.put(call, a_thumb(call, up=variant == "terse", at=number + 0.5))
    agent.settle(70)
    assert (agent.arm("base").n, agent.arm("base").mean) == (30, 0.0)
    assert (agent.arm("terse").n, agent.arm("terse").mean) == (30, 1.0)
    assert agent.published.probabilities == pytest.approx({"base": 0.05, "terse": 0.95}, abs=0.01)


def test_before_anything_is_known_an_epoch_shares_traffic_out_evenly(learning: Made) -> None:
    agent = learning()
    agent.step()
    assert agent.published.probabilities == pytest.approx({"base": 0.5, "terse": 0.5}, abs=0.05)
    assert agent.published.policy == "thompson"


def test_a_score_may_come_before_its_run_is_in_the_store(learning: Made) -> None:
    agent = learning()
    call = a_call("1", session="s")
    agent.put(a_thumb(call, at=1))
    agent.step(2)
    agent.put(call)
    agent.settle(3)
    assert agent.rewards == [1.0]
