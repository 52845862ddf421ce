"""Percentiles, and ratios taken within a turn."""

import pytest

from benchmarks.stats import Series, Spread, Turn, difference, percentile, ratio, spread


def turns(*values: float) -> Series:
    return {Turn(round, 0): value for round, value in enumerate(values)}


@pytest.mark.parametrize(("share", "expected"), [(0, 1), (0.5, 3), (0.25, 2), (0.9, 4.6), (1, 5)])
def test_a_percentile_lies_between_the_neighbours_it_falls_between(share: float, expected: float) -> None:
    assert percentile([5, 1, 4, 2, 3], share) == pytest.approx(expected)


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_ratio_compares_only_what_ran_in_the_same_turn() -> None:
    machine_slow_at_the_second = turns(100.0, 200.0, 90.0)
    subject = turns(150.0, 300.0)
    assert ratio(subject, machine_slow_at_the_second) == Spread(1.5, 1.5, 1.5)


def test_a_difference_is_taken_turn_by_turn() -> None:
    assert difference(turns(3.0, 5.0), turns(1.0, 1.0, 1.0)) == turns(2.0, 4.0)


def test_a_spread_is_the_median_with_its_quartiles() -> None:
    assert spread(turns(9.0, 1.0, 2.0, 1.5, 100.0)) == Spread(2.0, 1.5, 9.0)


def test_nothing_measured_has_no_spread() -> None:
    assert spread({}) is None
    assert ratio(turns(1.0), {}) is None
