"""What is known of critique's rates."""

import pytest

from policies.critique.rates import rates
from policies.critique.tally import Tally, Tried
from tests.policies.critique.critics import calls


def tallied(seen: list[Tried]) -> Tally:
    tally = Tally()
    for call in seen:
        tally.add(call)
    return tally


def test_the_rates_are_those_of_the_critic() -> None:
    found = rates(tallied(calls(20_000)))
    told = (found.right, found.tpr, found.fpr, found.fix, found.breaks)
    assert [rate.value for rate in told] == pytest.approx([0.7, 0.5, 0.3, 0.3, 0.5], abs=0.03)
    assert found.gain.value == pytest.approx(0.3 * 0.5 * 0.3 - 0.7 * 0.3 * 0.5, abs=0.01)


def test_they_hold_though_flagged_answers_are_judged_less_often_than_others() -> None:
    seen = [call if not call.revised or place % 4 == 0 else call._replace(before=None)
            for place, call in enumerate(calls(40_000))]  # fmt: skip
    found = rates(tallied(seen))
    assert (found.right.value, found.tpr.value, found.fpr.value) == pytest.approx((0.7, 0.5, 0.3), abs=0.03)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    truth = {"right": 0.7, "tpr": 0.5, "fpr": 0.3, "fix": 0.3, "gain": -0.06}
    found = [rates(tallied(calls(300, seed=seed)))._asdict() for seed in range(60)]
    for name, value in truth.items():
        assert sum(each[name].low <= value <= each[name].high for each in found) >= 53, name


def test_of_nothing_nothing_is_known() -> None:
    found = rates(Tally())
    assert found.right.low < 0.05
    assert found.right.high > 0.95
    assert found.gain.low < 0 < found.gain.high


def test_an_answer_that_is_half_right_counts_as_half_an_answer() -> None:
    tally = tallied([Tried("", True, 0.9, flagged=True, revised=True, accepted=True, before=0.5, after=0.9)])
    assert (tally.right, tally.wrong, tally.fixed, tally.broken) == pytest.approx((0.5, 0.5, 0.4, 0.0))
