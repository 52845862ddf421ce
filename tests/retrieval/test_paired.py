"""The interval of a paired difference holds what it should."""

from random import Random

import pytest

from tests.retrieval.paired import paired


def test_the_difference_is_that_of_the_shares() -> None:
    gain = paired([True, False, False, False], [True, True, True, False])
    assert (gain.without, gain.with_it, gain.value, gain.questions) == (0.25, 0.75, 0.5, 4)
    assert str(gain) == "4 questions: 25.0% without, 75.0% with; +50.0 points (-6.6 to +106.6)"


def test_its_interval_holds_the_truth_in_about_95_of_100_cases() -> None:
    random, held = Random(1), 0
    for _ in range(1_000):
        draws = [random.random() for _ in range(200)]
        gain = paired([draw < 0.5 for draw in draws], [draw < 0.4 or random.random() < 0.3 for draw in draws])
        held += gain.low <= 0.4 + 0.6 * 0.3 - 0.5 <= gain.high
    assert held / 1_000 == pytest.approx(0.95, abs=0.02)
