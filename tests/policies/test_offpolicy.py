"""What a log tells of policies that did not write it: known answers, and intervals that hold the truth."""

import math
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bandits.worlds import FIVE_ARMS
from benchmarks.offpolicy.logs import FIVE, log
from policies.offpolicy import Logged, Method, NoSupport, estimate, every_variant
from policies.offpolicy.interval import t_quantile

METHODS: tuple[Method, ...] = ("ips", "snips", "dr")
ONLY_A, ONLY_B = {"a": 1.0}, {"b": 1.0}
FOUR = [
    Logged("a", 0.5, 1.0),
    Logged("a", 0.5, 0.0),
    Logged("b", 0.25, 1.0),
    Logged("a", 0.8, 1.0),
]
LOGS = st.lists(
    st.builds(
        Logged,
        st.sampled_from(["a", "b"]),
        st.floats(0.05, 1.0),
        st.none() | st.floats(0.0, 1.0),
        session=st.none() | st.sampled_from(["x", "y", "z"]),
        stratum=st.sampled_from(["", "night"]),
    ),
    max_size=15,
)


def tosses(n: int, p: float = 0.5, mean: float = 0.5, seed: int = 1) -> list[Logged]:
    """Variant `a` with probability `p`, else `b`, which always earns 1."""
    luck = np.random.default_rng(seed).random((n, 2)).tolist()
    return [Logged("a", p, float(u < mean)) if v < p else Logged("b", 1 - p, 1.0) for u, v in luck]


def test_ips_weighs_by_inverse_propensity() -> None:
    assert estimate(FOUR, ONLY_A, method="ips").value == pytest.approx((2 + 0 + 0 + 1.25) / 4)
    assert estimate(FOUR, ONLY_B, method="ips").value == pytest.approx(4 / 4)
    assert estimate(FOUR, {"a": 0.5, "b": 0.5}, method="ips").value == pytest.approx((1 + 2 + 0.625) / 4)


def test_snips_divides_by_the_weights() -> None:
    assert estimate(FOUR, ONLY_A, method="snips").value == pytest.approx(3.25 / 5.25)
    assert estimate(FOUR, ONLY_B, method="snips").value == 1


def test_dr_adds_what_was_not_expected_to_what_was() -> None:
    def drawn(total: float, count: int, wide: float) -> float:
        """A mean with one imagined reward, which is the wider mean."""
        return (total + wide) / (count + 1)

    def expected(rewards: list[float], of_a: list[float]) -> float:
        variant = drawn(sum(of_a), len(of_a), drawn(sum(rewards), len(rewards), 0.5))
        return drawn(sum(of_a), len(of_a), variant)

    second, third, fourth = expected([1], [1]), expected([1, 0], [1, 0]), expected([1, 0, 1], [1, 0])
    parts = [0.5 + (1 - 0.5) / 0.5, second + (0 - second) / 0.5, third, fourth + (1 - fourth) / 0.8]
    assert estimate(FOUR, ONLY_A, method="dr").value == pytest.approx(fmean(parts))


@pytest.mark.parametrize("method", METHODS)
def test_the_policy_that_wrote_the_log_earned_its_mean(method: Method) -> None:
    decisions = [Logged("a" if place % 2 else "b", 0.5, place % 3 / 2) for place in range(300)]
    found = estimate(decisions, {"a": 0.5, "b": 0.5}, method=method)
    assert found.value == pytest.approx(fmean(place % 3 / 2 for place in range(300)), abs=0.01)
    assert found.effective == pytest.approx(300)


def test_a_policy_may_tell_strata_apart() -> None:
    decisions = [
        Logged(variant, 0.5, float((variant == "a") == (stratum == "day")), stratum=stratum)
        for stratum in ("day", "night")
        for variant in ("a", "b") * 30
    ]
    for method in METHODS:
        by_stratum = estimate(decisions, lambda stratum: ONLY_A if stratum == "day" else ONLY_B, method=method)
        assert by_stratum.value == pytest.approx(1, abs=0.03)
        assert estimate(decisions, ONLY_A, method=method).value == pytest.approx(0.5, abs=0.03)


def test_dr_is_narrower_than_ips_where_rewards_can_be_expected() -> None:
    decisions = tosses(400, p=0.2, mean=0.9)
    ips, dr = (estimate(decisions, ONLY_A, method=method) for method in ("ips", "dr"))
    assert dr.high - dr.low < 0.7 * (ips.high - ips.low)


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_truth_as_often_as_they_say(method: Method) -> None:
    held = []
    for seed in range(300):
        found = estimate(tosses(150, p=0.2, mean=0.7, seed=seed), ONLY_A, method=method, confidence=0.9)
        held.append(found.low <= 0.7 <= found.high)
    assert 0.86 <= fmean(held) <= 0.96


def test_few_heavy_weights_mislead_ips_no_more_often_upwards_than_downwards() -> None:
    too_low, too_high = [], []
    for seed in range(400):
        found = estimate(tosses(600, p=0.05, mean=0.5, seed=seed), ONLY_A, method="ips", confidence=0.9)
        too_low.append(found.high < 0.5)
        too_high.append(found.low > 0.5)
    assert fmean(too_low) <= 0.06
    assert fmean(too_high) <= 0.06


def test_intervals_reach_further_where_weights_are_skew() -> None:
    few = [Logged("a", 0.1, 1.0)] * 3 + [Logged("a", 0.1, 0.0)] * 3 + [Logged("b", 0.9, 1.0)] * 54
    found = estimate(few, ONLY_A, method="ips")
    assert found.high - found.value > 1.3 * (found.value - found.low)
    even = [Logged("a", 0.5, 1.0), Logged("a", 0.5, 0.0)] * 30
    alike = estimate(even, ONLY_A, method="snips")
    assert alike.high - alike.value == pytest.approx(alike.value - alike.low)


def test_a_variant_that_never_failed_is_not_thought_infallible() -> None:
    decisions = [Logged("a", 0.5, 1.0), Logged("b", 0.5, 1.0)] * 20
    for method in METHODS:
        found = estimate(decisions, ONLY_A, method=method)
        assert found.low < 0.95
        assert found.high >= 1
    surer = estimate(decisions * 10, ONLY_A)
    assert surer.low > 0.97


def test_turns_of_a_session_are_one_observation() -> None:
    decisions = tosses(60)
    repeated = [replace(row, session=str(place)) for place, row in enumerate(decisions) for _ in range(10)]
    for method in METHODS:
        once, often = (estimate(rows, ONLY_A, method=method) for rows in (decisions, repeated))
        assert often.sessions == once.sessions == 60
        assert often.effective == pytest.approx(once.effective)
        assert often.value == pytest.approx(once.value, abs=0.02)
        assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.1)
        alone = estimate([replace(row, session=None) for row in repeated], ONLY_A, method=method)
        assert alone.high - alone.low < 0.5 * (often.high - often.low)


def test_the_outcome_model_never_sees_the_session_it_is_for() -> None:
    """Else the weighted surprise would vanish and DR would be the plain mean, unweighted."""
    one_session = [Logged("a", 0.5, 1.0, session="x"), Logged("a", 0.5, 1.0, session="x")]
    assert estimate(one_session, ONLY_A, method="dr").value == pytest.approx(0.5 + (1 - 0.5) / 0.5)


def test_all_variants_together_have_wider_intervals_than_each_alone() -> None:
    decisions = tosses(100)
    together, alone = every_variant(decisions, confidence=0.9), estimate(decisions, ONLY_A, confidence=0.9)
    assert together.keys() == {"a", "b"}
    assert together["a"].confidence == pytest.approx(math.sqrt(0.9))
    assert together["a"].low < alone.low < alone.high < together["a"].high
    assert together["a"].value == alone.value


def test_joint_intervals_hold_all_arms_of_an_adapting_bandit() -> None:
    means = FIVE_ARMS.means(0)
    held = []
    for seed in range(30):
        found = every_variant(log(replace(FIVE, decisions=400), seed), method="snips")
        held.append(all(found[arm].low <= mean <= found[arm].high for arm, mean in means.items()))
    assert fmean(held) >= 0.85


def test_decisions_that_could_not_follow_the_policy_are_left_out() -> None:
    before = [Logged("a", 1.0, 0.0, eligible=("a",))] * 50
    after = [Logged("a", 0.5, 1.0, eligible=("a", "b")), Logged("b", 0.5, 1.0, eligible=("a", "b"))] * 50
    for method in METHODS:
        found = estimate(before + after, ONLY_B, method=method)
        assert found.value == pytest.approx(1, abs=0.02)
        assert (found.decisions, found.left_out) == (100, 50)
        assert "50 decisions are left out" in found.warnings[0]
        assert estimate(before + after, ONLY_A, method=method).left_out == 0


@pytest.mark.parametrize("propensity", [0.0, -0.1, 1.5, math.nan])
def test_decisions_without_a_propensity_are_left_out(propensity: float) -> None:
    found = estimate([*tosses(100), Logged("a", propensity, 1.0)], ONLY_A)
    assert found == replace(estimate(tosses(100), ONLY_A), left_out=1, warnings=found.warnings)
    assert found.warnings == ("1 decisions are left out: their propensity is not above 0 and at most 1",)


def test_what_the_log_can_not_tell_is_refused() -> None:
    with pytest.raises(NoSupport, match=r"variant 'c' was never chosen; give it traffic"):
        estimate(FOUR, {"a": 0.9, "c": 0.1})
    with pytest.raises(NoSupport, match="'b' has no reward"):
        estimate([Logged("a", 0.5, 1.0), Logged("b", 0.5, None)], ONLY_B)
    with pytest.raises(NoSupport, match="'b' has no reward"):
        estimate([Logged("b", 1.0, 1.0, eligible=("b",)), Logged("a", 1.0, 1.0, eligible=("a",))], {"a": 1, "b": 1})
    with pytest.raises(NoSupport, match="no decision in the log has a propensity"):
        estimate([], {"a": 1.0})
    assert every_variant([]) == {}


def test_little_evidence_is_said_to_be_little() -> None:
    assert any("sessions' worth" in warning for warning in estimate(tosses(40), ONLY_A).warnings)
    assert estimate(tosses(400), ONLY_A).warnings == ()


def test_propensities_that_the_choices_contradict_are_named() -> None:
    wrong = [replace(row, propensity=0.3) for row in tosses(400)]
    (warning,) = estimate(wrong, ONLY_A).warnings
    assert "should average 1" in warning


def test_rewards_that_never_came_are_taken_to_be_like_the_others_and_said_to_be() -> None:
    decisions = [Logged("a", 0.5, reward) for reward in (1.0, 0.0, 1.0, 1.0, None, None)] * 20
    decisions += [Logged("b", 0.5, 0.0)] * 120
    for method in METHODS:
        found = estimate(decisions, ONLY_A, method=method)
        assert found.value == pytest.approx(0.75, abs=0.02)
        assert found.missing == {"a": pytest.approx(1 / 3), "b": 0.0}
        assert any("33% of the rewards of 'a' have not come" in warning for warning in found.warnings)
        lowest = estimate(decisions, ONLY_A, method=method, missing="lowest")
        assert lowest.value == pytest.approx(0.5, abs=0.02)
        assert lowest.warnings == ()


def test_bounds_hold_whatever_the_rewards_that_never_came_were() -> None:
    # Failures of `a` are silent half of the time.
    told = [Logged("a", 0.5, reward) for reward in (1.0, 1.0, 0.0, None)] * 50 + [Logged("b", 0.5, 0.0)] * 200
    for method in METHODS:
        taken, bounded = (estimate(told, ONLY_A, method=method, missing=way) for way in ("at_random", "bounded"))
        assert bounded.value == taken.value
        assert bounded.low < 0.5 < taken.low
        assert bounded.high > 0.75 + 0.05


def test_rewards_beyond_their_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"reward 3 is out of bounds \(0.0, 1.0\)"):
        estimate([Logged("a", 1.0, 3.0)], ONLY_A)
    with pytest.raises(ValueError, match="infinite"):
        estimate([Logged("a", 1.0, math.inf)], ONLY_A, bounds=None)
    with pytest.raises(ValueError, match="needs the bounds"):
        estimate(FOUR, ONLY_A, bounds=None, missing="lowest")
    with pytest.raises(ValueError, match="confidence"):
        estimate(FOUR, ONLY_A, confidence=95)


def test_rewards_need_no_bounds_but_one_observation_tells_nothing_then() -> None:
    assert estimate([Logged("a", 1.0, 7.0)], ONLY_A, bounds=None).high == math.inf
    found = estimate([Logged("a", 1.0, float(place)) for place in range(101)], ONLY_A, bounds=None)
    assert found.low < 50 < found.high < 60


@given(LOGS, st.sampled_from(METHODS), st.floats(0.5, 0.99))
def test_intervals_hold_the_value_and_grow_with_confidence(
    log: list[Logged], method: Method, confidence: float
) -> None:
    for variant, found in every_variant(log, method=method, confidence=confidence).items():
        assert found.low <= found.value <= found.high
        assert 1 - 1e-9 <= found.effective <= found.sessions + 1e-9
        surer = estimate(log, {variant: 1.0}, method=method, confidence=0.999)
        assert surer.low <= found.low
        assert surer.high >= found.high
        assert found.decisions + found.left_out == len(log)
        bounded = estimate(log, {variant: 1.0}, method=method, confidence=found.confidence, missing="bounded")
        assert bounded.low <= found.low
        assert bounded.high >= found.high


@given(LOGS, st.sampled_from(METHODS))
def test_bad_and_good_are_the_same_the_other_way_round(log: list[Logged], method: Method) -> None:
    turned = [replace(row, reward=None if row.reward is None else 1 - row.reward) for row in log]
    for variant, found in every_variant(log, method=method).items():
        if method != "ips":
            other = estimate(turned, {variant: 1.0}, method=method, confidence=found.confidence)
            assert other.value == pytest.approx(1 - found.value)
            assert other.low == pytest.approx(1 - found.high)


@given(LOGS, st.sampled_from(METHODS))
def test_rewards_in_other_units_are_estimated_in_them(log: list[Logged], method: Method) -> None:
    scaled = [replace(row, reward=None if row.reward is None else 100 * row.reward) for row in log]
    for variant, found in every_variant(log, method=method).items():
        other = estimate(scaled, {variant: 1.0}, method=method, confidence=found.confidence, bounds=(0, 100))
        assert (other.value, other.low, other.high) == pytest.approx(
            (100 * found.value, 100 * found.low, 100 * found.high)
        )


@pytest.mark.parametrize(
    ("probability", "freedom", "published"),
    [(0.95, 2, 2.920), (0.975, 5, 2.571), (0.975, 10, 2.228), (0.995, 30, 2.750), (0.95, 1e6, 1.645)],
)
def test_quantiles_of_students_t(probability: float, freedom: float, published: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(published, rel=0.01)
