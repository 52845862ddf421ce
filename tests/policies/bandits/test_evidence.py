"""The evidence against claims about means: exact in small samples, and right however often one looks."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits.evidence import above, at, better, divergence, likeliest, mixture


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_the_mixture_is_a_probability_over_all_samples(n: int) -> None:
    assert math.fsum(math.comb(n, k) * math.exp(mixture(n, k)) for k in range(n + 1)) == pytest.approx(1)


@pytest.mark.parametrize("mean", [0.1, 0.5, 0.93])
def test_the_mixture_over_the_truth_is_expected_to_be_one(mean: float) -> None:
    n = 25
    chances = [math.comb(n, k) * math.exp(at(n, k, mean)) for k in range(n + 1)]
    ratios = [math.exp(mixture(n, k) - at(n, k, mean)) for k in range(n + 1)]
    assert math.fsum(chances) == pytest.approx(1)
    assert math.fsum(map(math.prod, zip(chances, ratios, strict=True))) == pytest.approx(1)


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0.001, 0.999))
def test_no_mean_is_likelier_than_the_samples_own(n: int, share: float, mean: float) -> None:
    assert at(n, n * share, mean) <= likeliest(n, n * share) + 1e-9


def test_likelihoods_of_impossible_samples_are_nothing() -> None:
    assert at(3, 1, 0.0) == -math.inf
    assert at(3, 1, 1.0) == -math.inf
    assert at(3, 3, 1.0) == 0
    assert at(3, 0, 0.0) == 0


def test_divergence_of_known_pairs() -> None:
    assert divergence(0.5, 0.5) == 0
    assert divergence(0.5, 0.25) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    assert divergence(0.0, 0.5) == pytest.approx(math.log(2))
    assert divergence(1.0, 0.5) == pytest.approx(math.log(2))
    assert divergence(0.5, 0.0) == math.inf
    assert divergence(1.0, 1.0) == 0


def test_a_sample_within_its_limit_is_no_evidence() -> None:
    assert above(0, 0, 0.1) == 0
    assert above(50, 5, 0.1) == 0
    assert above(50, 6, 0.1) < 1


def test_evidence_grows_with_the_sample_by_the_divergence() -> None:
    grown = above(20_000, 6_000, 0.1) - above(10_000, 3_000, 0.1)
    assert grown == pytest.approx(10_000 * divergence(0.3, 0.1), rel=0.01)


def test_one_case_disproves_a_limit_of_none() -> None:
    assert above(1_000, 1, 0.0) == math.inf


def test_an_arm_is_not_better_than_one_that_earned_as_much() -> None:
    assert better(100, 60, 50, 30) == 0
    assert better(100, 60, 50, 31) == 0
    assert better(100, 60, 0, 0) == 0


def test_ten_wins_of_ten_prove_less_than_they_seem() -> None:
    """Where the sample's variance is taken for the truth, ten equal rewards of each arm prove anything."""
    assert better(10, 10, 10, 7) < 0
    assert better(1_000, 1_000, 1_000, 700) > 100


def ever(seed: int, looks: int, mean: float, graded: bool = False) -> tuple[float, float]:
    """The strongest evidence over all looks at arms with that mean: against its limit, and for one over the other."""
    luck = random.Random(seed)

    def value() -> float:
        # Beta(2, b) has this mean too, and less variance.
        return luck.betavariate(2, 2 / mean - 2) if graded else float(luck.random() < mean)

    first = second = 0.0
    limit = choice = 0.0
    for n in range(1, looks + 1):
        first, second = first + value(), second + value()
        limit = max(limit, above(n, first, mean))
        choice = max(choice, better(n, first, n, second), better(n, second, n, first))
    return limit, choice


@pytest.mark.parametrize("graded", [False, True])
def test_whoever_looks_all_the_time_is_misled_no_more_often_than_alpha(graded: bool) -> None:
    games = [ever(seed, 250, 0.6, graded) for seed in range(400)]
    threshold = math.log(1 / 0.1)
    assert sum(limit >= threshold for limit, _ in games) <= 40
    # Two claims, one for each direction.
    assert sum(choice >= threshold for _, choice in games) <= 80
    if not graded:
        assert any(limit >= math.log(1 / 0.5) for limit, _ in games)
