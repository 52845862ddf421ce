"""Rewards of calls that chance sent one way or the other."""

from random import Random

import pytest

from policies.arms import Arm, difference


def test_calls_count_by_the_inverse_of_their_probability() -> None:
    """As if all calls had been sent this way, whoever was sent more often."""
    arm = Arm()
    for _ in range(9):
        arm.add(1.0, 0.9)
    arm.add(0.0, 0.1)
    assert arm.mean == pytest.approx(0.5)


def test_a_call_without_a_reward_is_only_counted() -> None:
    arm = Arm()
    arm.add(None, 0.5)
    assert (arm.calls, arm.unrewarded, arm.mean) == (0, 1, None)


def test_nothing_is_told_from_one_call() -> None:
    one, other = Arm(), Arm()
    one.add(1.0, 0.5)
    other.add(0.0, 0.5)
    other.add(0.0, 0.5)
    assert difference(one, other) is None


def test_the_interval_holds_the_truth_as_often_as_it_says_though_probabilities_change() -> None:
    """The same share of good and bad calls is sent each way, with other probabilities in each half."""
    held = 0
    for seed in range(400):
        random, one, other = Random(seed), Arm(), Arm()
        for call in range(400):
            probability = 0.8 if call < 200 else 0.3
            if random.random() < probability:
                one.add(float(random.random() < 0.6), probability)
            else:
                other.add(float(random.random() < 0.5), 1 - probability)
        found = difference(one, other)
        assert found is not None
        held += found.low <= 0.1 <= found.high
    assert 0.92 <= held / 400 <= 0.99
