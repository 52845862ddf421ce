"""UCB: indices that solve their equations, and pulls that spread over an epoch as one by one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits import ArmState, BanditSettings, BanditState, Ucb, fold
from policies.bandits.evidence import divergence
from policies.bandits.ucb import kl_ucb, shares, ucb1
from tests.policies.bandits.events import won


def arm(times: int, of: int) -> ArmState:
    return fold(BanditSettings(), BanditState(), won("base", times, of)).arm("base")


@given(st.floats(0, 1), st.integers(1, 100_000), st.integers(0, 10**6))
def test_the_kl_index_is_the_highest_mean_not_ruled_out(mean: float, n: int, more: int) -> None:
    total = n + more
    index = kl_ucb(mean, n, total)
    assert mean <= index <= 1
    assert n * divergence(mean, max(mean, index - 1e-6)) <= math.log(total) + 1e-4
    if index < 1 - 1e-6:
        assert n * divergence(mean, index + 1e-6) >= math.log(total) - 1e-4


def test_ucb1_of_a_known_case() -> None:
    assert ucb1(0.5, 8, math.e**4) == pytest.approx(1.5)


@given(st.floats(0, 1), st.integers(2, 10_000))
def test_the_kl_index_is_the_tighter(mean: float, n: int) -> None:
    assert kl_ucb(mean, n, 2 * n) <= ucb1(mean, n, 2 * n)


@pytest.mark.parametrize("index", ["kl", "ucb1"])
def test_every_arm_is_pulled_once_first(index: str) -> None:
    policy = Ucb("kl" if index == "kl" else "ucb1")
    arms, pulled = [ArmState(), ArmState(), ArmState()], []
    for _ in range(3):
        chosen = shares(policy, arms, [0, 0, 0]).index(1)
        arms[chosen] = arm(1, 1)
        pulled.append(chosen)
    assert sorted(pulled) == [0, 1, 2]


def test_an_arm_pulled_less_is_preferred_to_one_as_good() -> None:
    assert shares(Ucb(), [arm(60, 100), arm(6, 10)], [0, 0]) == [0, 1]


def test_the_better_of_two_well_known_arms_gets_the_pull() -> None:
    assert shares(Ucb(), [arm(600, 1_000), arm(500, 1_000)], [0, 0]) == [1, 0]


def test_pulls_that_are_waiting_for_rewards_count() -> None:
    assert shares(Ucb(), [arm(60, 100), arm(60, 100)], [50, 0]) == [0, 1]
    assert shares(Ucb(), [ArmState(), ArmState()], [1, 0]) == [0, 1]


def test_an_epoch_of_many_pulls_is_shared_as_they_would_be() -> None:
    alike = shares(Ucb(batch=500), [ArmState()] * 4, [0] * 4)
    assert alike == pytest.approx([0.25] * 4)
    some = shares(Ucb(batch=500), [arm(300, 500), arm(295, 500)], [0, 0])
    assert 0.5 < some[0] < 1
    assert sum(some) == pytest.approx(1)
