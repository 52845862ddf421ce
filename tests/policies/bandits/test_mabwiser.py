"""The bandits against another implementation, mabwiser's, on the same rewards."""

from collections import Counter

import numpy as np
import pytest
from mabwiser.mab import MAB, LearningPolicy  # type: ignore[import-untyped]  # It ships no types.

from policies.bandits import BanditSettings, BanditState, Contextual, Reward, Thompson, Ucb, fold
from policies.bandits.contextual import fit, upper
from policies.bandits.linear import with_constant
from policies.bandits.thompson import shares
from policies.bandits.ucb import shares as ucb_shares
from policies.bandits.ucb import ucb1

ARMS = ["base", "terse", "warm"]
MEANS = {"base": 0.5, "terse": 0.6, "warm": 0.55}


def rewards(n: int) -> list[Reward]:
    luck = np.random.default_rng(7)
    arms = luck.choice(ARMS, size=n, p=[0.5, 0.3, 0.2]).tolist()
    return [
        Reward(arm, float(luck.random() < MEANS[arm]), context=(float(luck.normal()), float(luck.random())))
        for arm in arms
    ]


def state(some: list[Reward]) -> BanditState:
    rules = BanditSettings(policy=Contextual({"all": (0.0, 0.0)}), change=None)
    return fold(rules, BanditState(), some)


def theirs(policy: object, some: list[Reward], contexts: bool = False) -> MAB:
    bandit = MAB(ARMS, policy, seed=3)
    seen = [reward.context for reward in some] if contexts else None
    bandit.fit([reward.variant for reward in some], [reward.value for reward in some], seen)
    return bandit


def test_thompson_chooses_each_arm_as_often() -> None:
    some = rewards(120)
    other = theirs(LearningPolicy.ThompsonSampling(), some)
    chosen = Counter(other.predict() for _ in range(20_000))
    known = state(some)
    ours = shares(Thompson(draws=100_000), [known.arm(name) for name in ARMS], np.random.default_rng(1))
    assert ours == pytest.approx([chosen[name] / 20_000 for name in ARMS], abs=0.015)


def test_ucb1_has_the_same_indices_and_the_same_choice() -> None:
    some = rewards(120)
    other = theirs(LearningPolicy.UCB1(alpha=1), some)
    known = state(some)
    expected = other.predict_expectations()
    for name in ARMS:
        arm = known.arm(name)
        assert ucb1(arm.mean, arm.n, len(some)) == pytest.approx(expected[name])
    found = ucb_shares(Ucb("ucb1"), [known.arm(name) for name in ARMS], [0, 0, 0])
    assert ARMS[found.index(1)] == other.predict()


def test_linucb_has_the_same_indices() -> None:
    # Theirs adds no constant and expects a mean of 0, so it is given both.
    some = [Reward(one.variant, one.value, context=one.context) for one in rewards(200)]
    bandit = MAB(ARMS, LearningPolicy.LinUCB(alpha=0.5, l2_lambda=1.0))
    bandit.fit(
        [one.variant for one in some],
        [one.value - 0.5 for one in some],
        [with_constant(one.context or ()) for one in some],
    )
    policy = Contextual({"all": (0.0, 0.0)}, "linucb", noise=0.5, width=1.0, ridge=1.0)
    point = (1.0, 0.3, -0.4)
    expected = bandit.predict_expectations([point])
    known = state(some)
    for name in ARMS:
        (index,) = upper(policy, fit(policy, known.arm(name).linear), np.array([point]))
        assert index - 0.5 == pytest.approx(expected[name])
