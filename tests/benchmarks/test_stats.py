"""Percentiles, and ratios taken within a round."""

import pytest

from benchmarks.stats import Spread, difference, percentile, ratio, spread


@pytest.mark.parametrize(("share", "expected"), [(0, 1), (0.5, 3), (0.25, 2), (0.9, 4.6), (1, 5)])
def test_a_percentile_lies_between_the_neighbours_it_falls_between(share: float, expected: float) -> None:
    assert percentile([5, 1, 4, 2, 3], share) == pytest.approx(expected)


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_ratio_compares_only_what_ran_in_the_same_round() -> None:
    slow_machine_in_round_two = {1: 100.0, 2: 200.0, 3: 90.0}
    subject = {1: 150.0, 2: 300.0, 4: 1.0}
    assert ratio(subject, slow_machine_in_round_two) == Spread(1.5, 1.5, 1.5, rounds=2)


def test_a_difference_is_taken_round_by_round() -> None:
    assert difference({1: 3.0, 2: 5.0}, {1: 1.0, 2: 1.0, 3: 1.0}) == {1: 2.0, 2: 4.0}


def test_a_spread_is_the_median_with_its_extremes() -> None:
    assert spread({1: 9.0, 2: 1.0, 3: 2.0}) == Spread(2.0, 1.0, 9.0, rounds=3)


def test_nothing_measured_has_no_spread() -> None:
    assert spread({}) is None
    assert ratio({1: 1.0}, {}) is None
