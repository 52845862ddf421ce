"""Rewards that are on their way: UCB takes the pulls they are of for pulls, wherever on their way they are."""

from collections import Counter

import pytest

from policies.bandits import BanditSettings, Thompson, Ucb
from policies.bandits.settings import Policy
from tests.proxy.rewards.conftest import Made
from tests.proxy.rewards.learning import Learning, a_call, a_thumb

EVERY = 10
HOUR = 3600


def settings(policy: Policy) -> BanditSettings:
    """Without a floor: shares are what the policy itself wants."""
    return BanditSettings(policy=policy, ramp=None, floor=0.0)


def ask(agent: Learning, variant: str, count: int, *, at: float, liked: float | None = None) -> None:
    """Sessions of a call each; of their answers such a share is liked and the others are not, or nothing is said."""
    for number in range(count):
        call = a_call(f"{variant} {at} {number}", variant, session=f"{variant} {at} {number}", at=at)
        agent.put(call)
        if liked is not None:
            agent.put(a_thumb(call, number < liked * count, at=at + 1))


def alike(made: Made, policy: Policy, **given: float) -> Learning:
    """Both variants have earned the same, as often."""
    agent = made(bandit=settings(policy), every=EVERY, **given)
    ask(agent, "base", 10, at=0, liked=0.6)
    ask(agent, "terse", 10, at=0, liked=0.6)
    agent.settle(EVERY)
    assert agent.arm("base").n == agent.arm("terse").n == 10
    return agent


@pytest.mark.parametrize(("waits", "other"), [("base", "terse"), ("terse", "base")])
@pytest.mark.parametrize("index", ["kl", "ucb1"])
def test_who_waits_for_rewards_is_pulled_less(learning: Made, waits: str, other: str, index: str) -> None:
    agent = alike(learning, Ucb("kl" if index == "kl" else "ucb1"), wait=HOUR)
    ask(agent, waits, 5, at=100)
    agent.step(110)
    assert agent.arm(waits).n == 10
    assert agent.published.probabilities == {waits: 0.0, other: 1.0}


def test_thompson_goes_by_the_rewards_that_came(learning: Made) -> None:
    agent = alike(learning, Thompson(), wait=HOUR)
    ask(agent, "base", 50, at=100)
    agent.step(110)
    assert agent.published.probabilities == pytest.approx({"base": 0.5, "terse": 0.5}, abs=0.05)


def test_while_no_reward_has_come_pulls_are_dealt_out_evenly(learning: Made) -> None:
    agent = learning(bandit=settings(Ucb()), every=EVERY, wait=HOUR)
    agent.step(0)
    pulled = []
    for number in range(1, 21):
        (variant,) = (name for name, share in agent.published.probabilities.items() if share == 1)
        pulled.append(variant)
        ask(agent, variant, 1, at=number * EVERY - 5)
        agent.step(number * EVERY)
    assert Counter(pulled) == {"base": 10, "terse": 10}


def test_the_better_variant_is_found_though_every_reward_is_late(learning: Made) -> None:
    agent = learning(bandit=settings(Ucb()), every=EVERY, wait=HOUR)
    agent.step(0)
    late = 5 * EVERY
    pulled = []
    for number in range(1, 121):
        (variant,) = (name for name, share in agent.published.probabilities.items() if share == 1)
        pulled.append(variant)
        call = a_call(f"{number}", variant, session=f"{number}", at=number * EVERY - 5)
        liked = number % 10 < (8 if variant == "terse" else 2)
        agent.put(call, a_thumb(call, liked, at=number * EVERY - 5 + late))
        agent.step(number * EVERY)
    assert Counter(pulled[60:])["terse"] > 45


def test_a_reward_that_came_is_no_longer_waited_for(learning: Made) -> None:
    agent = alike(learning, Ucb(), wait=HOUR)
    ask(agent, "base", 10, at=100, liked=1.0)
    agent.settle(110)
    assert agent.arm("base").n == 20
    assert agent.published.probabilities == {"base": 1.0, "terse": 0.0}


def test_a_reward_on_its_way_through_the_ledger_is_still_waited_for(learning: Made) -> None:
    agent = alike(learning, Ucb(), wait=HOUR)
    before = agent.published.epoch
    ask(agent, "base", 10, at=100, liked=0.6)
    # One look at the stores: the rewards are put on record in it, and counted in the next.
    agent.now = 110
    agent.learner.step()
    assert agent.arm("base").n == 10
    assert agent.published.epoch != before
    assert agent.published.probabilities == {"base": 0.0, "terse": 1.0}


def test_a_reward_that_never_came_is_not_waited_for_longer_than_was_said(learning: Made) -> None:
    agent = alike(learning, Ucb(), wait=60)
    ask(agent, "base", 5, at=100)
    agent.step(110)
    assert agent.published.probabilities == {"base": 0.0, "terse": 1.0}
    ask(agent, "terse", 1, at=120)
    agent.step(130)
    # Of what was asked at 100 nobody said anything until 160.
    agent.step(175)
    assert agent.arm("base").n == agent.arm("terse").n == 10
    assert agent.published.probabilities == {"base": 1.0, "terse": 0.0}


def test_what_is_waited_for_outlives_the_process_and_the_loss_of_what_was_kept(learning: Made) -> None:
    agent = alike(learning, Ucb(), wait=HOUR)
    ask(agent, "base", 5, at=100)
    agent.step(110)
    agent.restart()
    agent.step(130)
    assert agent.published.probabilities == {"base": 0.0, "terse": 1.0}
    agent.lose()
    agent.step(150)
    assert agent.published.probabilities == {"base": 0.0, "terse": 1.0}
