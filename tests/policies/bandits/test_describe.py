"""What people are told of each arm."""

import numpy as np
import pytest

from policies.bandits import BanditSettings, BanditState, Limits, Outcome, Thompson, TrackAndStop, fold
from policies.bandits.describe import Standing, describe
from tests.policies.bandits.events import paid, won


def standings(settings: BanditSettings, state: BanditState, *eligible: str) -> list[Standing]:
    return describe(settings, state, eligible, np.random.default_rng(1))


def test_each_arm_has_its_mean_its_interval_and_its_chance_of_being_the_best() -> None:
    settings = BanditSettings()
    state = fold(settings, BanditState(), [*won("base", 50, 100), *won("terse", 70, 100)])
    base, terse, new = standings(settings, state, "base", "terse", "new")
    assert (base.n, base.mean) == (100, 0.5)
    # The quantiles of Beta(71, 31).
    assert (terse.low, terse.high) == pytest.approx((0.6041, 0.7812), abs=0.005)
    assert (new.n, new.mean) == (0, None)
    assert (new.low, new.high) == pytest.approx((0.025, 0.975), abs=0.005)
    assert base.best + terse.best + new.best == pytest.approx(1)
    assert base.best < 0.01


def test_a_stopped_arm_is_no_candidate_and_says_why() -> None:
    settings = BanditSettings(limits=Limits(error_rate=0.1))
    state = fold(settings, BanditState(), won("terse", 70, 100), [Outcome("terse", error=True)] * 20)
    base, terse = standings(settings, state, "base", "terse")
    assert (base.best, terse.best) == (1, 0)
    assert base.stopped is None
    assert terse.stopped == state.stops["terse"].reason
    assert terse.calls["errors"].n == 20


def test_where_all_are_stopped_none_is_the_best() -> None:
    settings = BanditSettings(limits=Limits(violation_rate=0.0))
    state = fold(settings, BanditState(), outcomes=[Outcome("base", violations=1)])
    (base,) = standings(settings, state, "base")
    assert base.best == 0


@pytest.mark.parametrize("policy", [Thompson("gaussian"), Thompson(), TrackAndStop()])
def test_means_and_intervals_are_in_the_units_of_rewards(policy: Thompson | TrackAndStop) -> None:
    settings = BanditSettings(policy=policy, bounds=(-10.0, 10.0))
    (base,) = standings(settings, fold(settings, BanditState(), paid("base", *[4.0, 6.0] * 100)), "base")
    assert base.mean == pytest.approx(5)
    assert -10 < base.low < 5 < base.high < 10
