"""Shares per stratum: learned from contexts, once enough of them came."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits import BanditSettings, BanditState, Change, Contextual, Reward, fold
from policies.bandits.contextual import fit, upper
from policies.bandits.linear import observed, with_constant
from policies.bandits.publish import publish
from policies.bandits.state import Linear
from policies.bandits.strata import nearest

STRATA = {"short": (0.0,), "long": (1.0,)}
GOOD = {("base", 0.0): 0.8, ("base", 1.0): 0.4, ("terse", 0.0): 0.4, ("terse", 1.0): 0.8}
"""Each variant is the better for one kind of call; over all calls they are alike."""


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def rewards(each: int) -> list[Reward]:
    luck = random()
    return [
        Reward(arm, float(luck.random() < mean), context=(length,))
        for _ in range(each)
        for (arm, length), mean in GOOD.items()
    ]


def settings(policy: Contextual) -> BanditSettings:
    return BanditSettings(policy=policy, floor=0.05, ramp=None, change=None)


@pytest.mark.parametrize("method", ["thompson", "linucb"])
def test_each_stratum_gets_the_variant_that_is_better_there(method: str) -> None:
    rules = settings(Contextual(STRATA, "linucb" if method == "linucb" else "thompson", min_rewards=400))
    epoch = publish(rules, fold(rules, BanditState(), rewards(100)), ("base", "terse"), random(), 0)
    assert epoch.shares("short") == pytest.approx({"base": 0.95, "terse": 0.05})
    assert epoch.shares("long") == pytest.approx({"base": 0.05, "terse": 0.95})
    assert 0.06 < epoch.shares()["base"] < 0.94
    assert epoch.shares("unheard of") == epoch.probabilities


def test_with_less_traffic_than_asked_for_calls_are_not_told_apart() -> None:
    rules = settings(Contextual(STRATA, min_rewards=401))
    epoch = publish(rules, fold(rules, BanditState(), rewards(100)), ("base", "terse"), random(), 0)
    assert epoch.strata == {}
    assert epoch.shares("short") == epoch.probabilities


def test_rewards_without_a_context_do_not_count_as_such_traffic() -> None:
    rules = settings(Contextual(STRATA, min_rewards=100))
    plain = [Reward("base", 1.0), Reward("terse", 0.5)] * 100
    assert publish(rules, fold(rules, BanditState(), plain), ("base", "terse"), random(), 0).strata == {}


def test_a_variant_that_gets_other_calls_than_before_has_not_changed() -> None:
    """Its mean over all its calls rises from .6 to .8, as it is given only those it is good at."""
    rules = BanditSettings(policy=Contextual(STRATA, min_rewards=1_000), floor=0.02, ramp=None, change=Change())
    luck = random()
    state, epoch = BanditState(), None
    for number in range(80):
        epoch = publish(rules, state, ("base", "terse"), luck, number, previous=epoch)
        some = []
        for _ in range(50):
            stratum = "long" if luck.random() < 0.5 else "short"
            arm = "base" if luck.random() < epoch.shares(stratum)["base"] else "terse"
            some.append(Reward(arm, float(luck.random() < GOOD[arm, STRATA[stratum][0]]), context=STRATA[stratum]))
        state = fold(rules, state, some)
    assert epoch is not None
    assert epoch.shares("short")["base"] > 0.9
    assert state.regime == 1


def test_a_change_in_one_stratum_is_noticed_there() -> None:
    rules = BanditSettings(policy=Contextual(STRATA), change=Change())
    state = fold(rules, BanditState(), rewards(300))
    outage = [Reward("base", 0.0, context=(0.0,)), Reward("base", 1.0, context=(1.0,))] * 60
    assert fold(rules, state, outage[:1]).regime == 1
    assert fold(rules, state, outage).restarts[0].variant == "base"


def test_strata_teach_one_another() -> None:
    """Nobody ever called with the middle length, yet there is an opinion on it."""
    policy = Contextual({**STRATA, "quite short": (0.2,)}, min_rewards=0)
    rules = settings(policy)
    epoch = publish(rules, fold(rules, BanditState(), rewards(200)), ("base", "terse"), random(), 0)
    assert epoch.shares("quite short")["base"] > 0.9


def test_a_variant_nothing_is_known_of_is_tried() -> None:
    rules = settings(Contextual(STRATA, "linucb", min_rewards=0))
    epoch = publish(rules, fold(rules, BanditState(), rewards(200)), ("base", "terse", "new"), random(), 0)
    assert epoch.shares("short")["new"] == pytest.approx(0.9)


vectors = st.tuples(st.floats(-2, 2), st.floats(-2, 2))


@given(st.lists(st.tuples(vectors, st.floats(0, 1)), max_size=30))
def test_the_fit_is_that_of_ridge_regression_over_all_rewards_at_once(
    seen: list[tuple[tuple[float, float], float]],
) -> None:
    policy = Contextual({"all": (0.0, 0.0)}, ridge=0.7)
    linear: Linear | None = None
    for context, value in seen:
        linear = observed(linear, context, value)
    # Ridge regression is least squares with rows that say every coefficient is 0.
    rows = np.array([with_constant(context) for context, _ in seen]).reshape(len(seen), 3)
    values = np.array([value - 0.5 for _, value in seen])
    design = np.vstack([rows, math.sqrt(0.7) * np.eye(3)])
    whole, *_ = np.linalg.lstsq(design, np.concatenate([values, np.zeros(3)]), rcond=None)
    found = fit(policy, linear)
    assert found.coefficients == pytest.approx(whole, abs=1e-6)
    assert found.inverse == pytest.approx(np.linalg.inv(design.T @ design), abs=1e-6)


def test_the_bound_narrows_with_what_was_seen_there() -> None:
    policy = Contextual(STRATA)
    linear: Linear | None = None
    for _ in range(100):
        linear = observed(linear, (0.0,), 0.5)
    contexts = np.array([with_constant(middle) for middle in STRATA.values()])
    short, long = upper(policy, fit(policy, linear), contexts)
    assert 0.5 < short < long


def test_a_call_belongs_to_the_nearest_stratum() -> None:
    strata = {"a": (0.0, 0.0), "b": (1.0, 0.0), "c": (0.0, 1.0)}
    assert nearest(strata, (0.2, 0.1)) == "a"
    assert nearest(strata, (0.2, 0.9)) == "c"
    assert nearest(strata, (0.5, 0.0)) == "a"
