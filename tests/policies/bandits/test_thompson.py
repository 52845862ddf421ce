"""Thompson's shares are the probabilities that each arm is the best, which small cases know exactly."""

from math import exp, lgamma

import numpy as np
import pytest

from policies.bandits import ArmState, BanditSettings, BanditState, Thompson, fold
from policies.bandits.thompson import means, shares
from tests.policies.bandits.events import paid, won


def arm(times: int, of: int) -> ArmState:
    return fold(BanditSettings(), BanditState(), won("base", times, of)).arm("base")


def graded(*values: float) -> ArmState:
    return fold(BanditSettings(), BanditState(), paid("base", *values)).arm("base")


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def beats(one: tuple[int, int], other: tuple[int, int]) -> float:
    """The probability that a draw from the first Beta exceeds one from the other, summed up term by term."""
    (a, b), (c, d) = one, other
    return sum(exp(log_beta(c + i, b + d) - log_beta(1 + i, b) - log_beta(c, d)) / (b + i) for i in range(a))


@pytest.mark.parametrize(
    ("one", "other"), [((0, 0), (0, 0)), ((3, 5), (1, 4)), ((50, 100), (60, 100)), ((700, 1_000), (73, 100))]
)
def test_a_share_is_the_probability_of_being_the_better(one: tuple[int, int], other: tuple[int, int]) -> None:
    found = shares(Thompson(draws=100_000), [arm(*one), arm(*other)], random())
    exact = beats((1 + one[0], 1 + one[1] - one[0]), (1 + other[0], 1 + other[1] - other[0]))
    assert found == pytest.approx([exact, 1 - exact], abs=0.006)


def test_of_arms_nothing_is_known_of_each_gets_its_part() -> None:
    assert shares(Thompson(draws=100_000), [ArmState()] * 5, random()) == pytest.approx([0.2] * 5, abs=0.006)
    assert shares(Thompson("gaussian", 100_000), [ArmState()] * 4, random()) == pytest.approx([0.25] * 4, abs=0.006)


def test_one_draw_names_one_arm() -> None:
    assert sorted(shares(Thompson(draws=1), [arm(1, 2)] * 3, random())) == [0, 0, 1]


def test_graded_rewards_count_by_their_value() -> None:
    drawn = means(Thompson(), [graded(*[0.25] * 400)], random(), 50_000)
    assert drawn.mean() == pytest.approx(101 / 402, abs=0.001)


def test_gaussian_posteriors_have_the_mean_and_width_of_normal_gamma() -> None:
    values = [0.4, 0.5, 0.6, 0.5] * 25
    drawn = means(Thompson("gaussian"), [graded(*values)], random(), 200_000)
    n, deviations = 100, 0.005 * 100
    # A t law of 2 a degrees of freedom: its variance is b / (a - 1) over the count.
    shape, rate = 1 + n / 2, 1 / 12 + deviations / 2
    assert drawn.mean() == pytest.approx(0.5, abs=1e-4)
    assert drawn.var() == pytest.approx(rate / (shape - 1) / (n + 1), rel=0.02)


def test_gaussian_tells_steady_scores_apart_where_beta_can_not() -> None:
    steady = [graded(*[0.68, 0.70, 0.72] * 20), graded(*[0.73, 0.75, 0.77] * 20)]
    assert shares(Thompson("gaussian"), steady, random())[1] > 0.98
    assert shares(Thompson("beta"), steady, random())[1] < 0.85


def test_gaussian_holds_for_rewards_that_never_vary() -> None:
    drawn = means(Thompson("gaussian"), [graded(*[0.1] * 3_000), graded(*[1.0] * 3_000)], random(), 1_000)
    assert np.isfinite(drawn).all()
    assert drawn[:, 0].mean() == pytest.approx(0.1, abs=0.001)
