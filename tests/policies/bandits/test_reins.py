"""Floors and ramps: shares stay within them and sum to 1, and move no more than they must."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits import BanditSettings, Ramp
from policies.bandits.reins import caps, held
from policies.bandits.state import ArmState

weights = st.lists(st.floats(0, 1) | st.just(0.0), min_size=1, max_size=8)


def normalised(some: list[float]) -> list[float]:
    total = math.fsum(some)
    return [one / total for one in some] if total > 1e-9 else [1 / len(some)] * len(some)


@given(weights, st.floats(0, 1), st.lists(st.floats(0.01, 1), min_size=8, max_size=8))
def test_shares_sum_to_one_within_their_bounds(some: list[float], floor: float, tops: list[float]) -> None:
    shares = normalised(some)
    low = [min(floor, 1 / len(shares))] * len(shares)
    high = [max(low[0], top) for top in tops[: len(shares)]]
    found = held(shares, low, high)
    assert math.fsum(found) == pytest.approx(1, abs=1e-12)
    assert all(share >= least - 1e-12 for share, least in zip(found, low, strict=True))
    if math.fsum(high) >= 1:
        assert all(share <= most + 1e-9 for share, most in zip(found, high, strict=True))


@given(weights, st.floats(0, 0.3))
def test_who_has_more_never_ends_up_with_less(some: list[float], floor: float) -> None:
    shares = normalised(some)
    found = held(shares, [min(floor, 1 / len(shares))] * len(shares), [1.0] * len(shares))
    ranked = sorted(zip(shares, found, strict=True))
    assert all(one[1] <= other[1] + 1e-9 for one, other in pairwise(ranked))


def test_shares_within_their_bounds_stay() -> None:
    assert held([0.7, 0.2, 0.1], [0.05] * 3, [1.0] * 3) == [0.7, 0.2, 0.1]


def test_the_floor_is_paid_by_those_above_it_in_proportion() -> None:
    assert held([0.6, 0.4, 0.0], [0.1] * 3, [1.0] * 3) == pytest.approx([0.54, 0.36, 0.1])


def test_what_a_cap_holds_back_goes_to_the_others_in_proportion() -> None:
    assert held([0.8, 0.15, 0.05], [0.0] * 3, [0.2, 1.0, 1.0]) == pytest.approx([0.2, 0.6, 0.2])


def test_also_to_those_the_policy_gave_nothing() -> None:
    assert held([1.0, 0.0, 0.0], [0.0] * 3, [0.2, 1.0, 1.0]) == pytest.approx([0.2, 0.4, 0.4])


def test_a_share_of_nothing_stays_nothing_where_nothing_is_held_back() -> None:
    assert held([1.0, 0.0], [0.0] * 2, [1.0] * 2) == [1.0, 0.0]


def test_caps_that_leave_no_room_are_raised_alike() -> None:
    assert held([0.5, 0.5], [0.0] * 2, [0.1, 0.3]) == pytest.approx([0.25, 0.75])


def cap(ramp: Ramp, rewards: int, seconds: float, floor: float = 0.0) -> float:
    settings = BanditSettings(ramp=ramp, floor=floor)
    arms = [ArmState(rewards=5), ArmState(rewards=rewards)]
    incumbent, new = caps(settings, ["base", "new"], arms, {"base": 0, "new": 0}, int(seconds * 1e9))
    assert incumbent == 1
    return new


def test_a_new_arm_starts_small_and_grows_with_its_rewards() -> None:
    ramp = Ramp(start=0.1, rewards=100)
    assert [cap(ramp, n, 0) for n in (0, 50, 100, 500)] == pytest.approx([0.1, 0.55, 1, 1])


def test_and_with_its_age_the_slower_of_both() -> None:
    ramp = Ramp(start=0.2, rewards=100, seconds=3600)
    assert cap(ramp, 1_000, 900) == pytest.approx(0.4)
    assert cap(ramp, 50, 36_000) == pytest.approx(0.6)


def test_the_floor_is_above_the_ramp() -> None:
    assert cap(Ramp(start=0.01, rewards=100), 0, 0, floor=0.05) == 0.05
