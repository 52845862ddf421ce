"""Which variant people prefer: known answers, another implementation's, and intervals that hold the truth."""

import math
from statistics import fmean

import evalica
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.preferences import Pair, Preferred, logistic, strengths

NAMES = ("a", "b", "c", "d")
FREE = 1e4
"""A spread so wide that there is no prior."""

PAIRS = st.lists(
    st.builds(Pair, st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(["left", "right", "tie"])),
    max_size=20,
).map(lambda pairs: [pair for pair in pairs if pair.left != pair.right])


def pairs(left: str, right: str, won: int, lost: int, tied: int = 0) -> list[Pair]:
    outcomes: list[tuple[Preferred, int]] = [("left", won), ("right", lost), ("tie", tied)]
    return [Pair(left, right, preferred) for preferred, count in outcomes for _ in range(count)]


def simulated(
    truth: list[float], count: int, seed: int, ties: float = 0.0, first: float = 0.0, judges: int = 0
) -> list[Pair]:
    """Judges differ in taste, by a standard deviation of .7 a variant."""
    random = np.random.default_rng(seed)
    tastes = random.normal(0, 0.7, (judges, len(truth))) if judges else np.zeros((1, len(truth)))
    found = []
    for _ in range(count):
        a, b = random.choice(len(truth), 2, replace=False).tolist()
        judge = int(random.integers(len(tastes)))
        x = (truth[a] - truth[b] + tastes[judge, a] - tastes[judge, b] + first) / 2
        odds = np.array([math.exp(x), math.exp(-x), ties])
        preferred: Preferred = ("left", "right", "tie")[int(random.choice(3, p=odds / odds.sum()))]
        found.append(Pair(NAMES[a], NAMES[b], preferred, judge=str(judge) if judges else None))
    return found


def test_without_pairs_there_are_no_strengths() -> None:
    found = strengths([])
    assert (found.variants, found.strength, found.groups, found.pairs) == ((), {}, (), 0)


def test_three_wins_to_one_are_three_to_one() -> None:
    found = strengths(pairs("a", "b", 30, 10), spread=FREE)
    compared = found.compare("a", "b")
    assert compared.difference == pytest.approx(math.log(3), abs=1e-5)
    assert compared.wins == pytest.approx(0.75, abs=1e-5)
    # The variance of log-odds is 1 / 30 + 1 / 10.
    assert compared.high - compared.difference == pytest.approx(1.96 * math.sqrt(1 / 30 + 1 / 10), rel=0.02)
    back = found.compare("b", "a")
    assert (back.difference, back.wins_low) == pytest.approx((-compared.difference, 1 - compared.wins_high))


def test_ties_do_not_change_who_wins_the_others() -> None:
    without, tied = (strengths(pairs("a", "b", 30, 10, ties), spread=FREE) for ties in (0, 40))
    assert tied.compare("a", "b").wins == pytest.approx(without.compare("a", "b").wins, abs=1e-5)
    assert without.ties == 0
    assert strengths(pairs("a", "b", 10, 10, 20), spread=FREE).ties == pytest.approx(0.5, abs=1e-5)


def test_strengths_are_those_of_another_implementation() -> None:
    played = simulated([0.5, -0.3, 0.0, 0.4], 200, seed=1)
    winners = [evalica.Winner.X if pair.preferred == "left" else evalica.Winner.Y for pair in played]
    theirs = evalica.bradley_terry(
        [pair.left for pair in played], [pair.right for pair in played], winners, tolerance=1e-14, limit=100_000
    ).scores
    ours = strengths(played, spread=FREE)
    for name in NAMES[1:]:
        expected = math.log(theirs[name] / theirs["a"])
        assert ours.compare(name, "a").difference == pytest.approx(expected, abs=1e-4)


def test_an_unbeaten_variant_stays_finite_and_uncertain() -> None:
    unbeaten = strengths(pairs("a", "b", 5, 0)).compare("a", "b")
    assert unbeaten.low < 1 < unbeaten.difference < 6
    assert unbeaten.wins_low < 0.8
    assert strengths(pairs("a", "b", 500, 0)).compare("a", "b").wins_low > 0.97


def test_variants_that_never_met_are_compared_through_others_or_not_at_all() -> None:
    through = strengths(pairs("a", "b", 60, 20) + pairs("b", "c", 60, 20))
    assert through.groups == (frozenset("abc"),)
    assert through.compare("a", "c").difference == pytest.approx(2 * math.log(3), abs=0.2)
    apart = strengths(pairs("a", "b", 60, 20) + pairs("c", "d", 60, 20))
    assert set(apart.groups) == {frozenset("ab"), frozenset("cd")}
    unknown = apart.compare("a", "c")
    assert unknown.difference == pytest.approx(0, abs=1e-6)
    assert unknown.high > 4


def test_being_shown_first_is_told_apart_from_being_better() -> None:
    found = strengths(simulated([0.8, 0.0], 3_000, seed=2, first=0.6), order=True)
    assert found.first == pytest.approx(0.6, abs=0.1)
    assert found.compare("a", "b").difference == pytest.approx(0.8, abs=0.15)
    # Where one is always shown first, it cannot be.
    assert strengths(pairs("a", "b", 60, 20)).first == 0


def test_a_pair_of_no_weight_says_nothing() -> None:
    bribed = [Pair("b", "a", "left", weight=0.0)] * 100
    honest = pairs("a", "b", 30, 10)
    assert strengths(honest + bribed).compare("a", "b").difference == pytest.approx(
        strengths(honest).compare("a", "b").difference
    )
    half = [Pair(pair.left, pair.right, pair.preferred, weight=0.5) for pair in honest * 2]
    assert strengths(half).compare("a", "b").difference == pytest.approx(strengths(honest).compare("a", "b").difference)


@pytest.mark.parametrize("ties", [0.0, 0.8])
def test_intervals_hold_the_truth_as_often_as_they_say(ties: float) -> None:
    held = []
    for seed in range(150):
        compared = strengths(simulated([0.5, -0.6, 0.0, 0.1], 120, seed, ties)).compare("a", "b", confidence=0.9)
        held.append(compared.low <= 1.1 <= compared.high)
    assert 0.83 <= fmean(held) <= 0.97


def test_intervals_allow_for_judges_who_resemble_themselves() -> None:
    played = simulated([0.5, -0.6, 0.0, 0.1], 1_500, seed=3, judges=15)
    strangers = [Pair(pair.left, pair.right, pair.preferred) for pair in played]
    of_judges, of_strangers = (strengths(each).compare("a", "b") for each in (played, strangers))
    assert of_judges.difference == of_strangers.difference
    assert of_judges.high - of_judges.low > 1.3 * (of_strangers.high - of_strangers.low)


def test_intervals_of_all_variants_hold_at_once_as_often_as_they_say() -> None:
    truth = dict(zip(NAMES, (0.5, -0.6, 0.0, 0.1), strict=True))
    each, against = [], []
    for seed in range(200):
        found = strengths(simulated(list(truth.values()), 120, seed))
        each.append(all(one.low <= truth[name] <= one.high for name, one in found.each(confidence=0.9).items()))
        best = max(found.strength, key=lambda name: found.strength[name])
        against.append(
            all(
                one.low <= truth[name] - truth[best] <= one.high
                for name, one in found.against_best(confidence=0.9).items()
            )
        )
    assert 0.86 <= fmean(each) <= 0.97
    assert 0.86 <= fmean(against) <= 0.99


def test_the_strongest_comes_first_and_the_others_are_held_against_it() -> None:
    found = strengths(pairs("a", "b", 10, 30) + pairs("b", "c", 20, 30))
    assert list(found.each()) == ["c", "b", "a"]
    assert found.each()["a"].strength == found.strength["a"]
    against = found.against_best(confidence=0.95)
    assert list(against) == ["b", "a"]
    assert against["b"] == found.compare("b", "c", confidence=1 - (1 - 0.95) / 3)


def test_of_two_variants_one_interval_says_what_the_other_does() -> None:
    found = strengths(pairs("a", "b", 30, 10))
    a, b = found.each()["a"], found.each()["b"]
    assert (a.low, a.high) == pytest.approx((-b.high, -b.low))
    compared = found.compare("a", "b")
    assert a.high - a.low == pytest.approx((compared.high - compared.low) / 2)
    assert not strengths([]).each()
    assert not strengths([]).against_best()


@given(PAIRS)
def test_strengths_centre_on_zero_and_intervals_hold_them(played: list[Pair]) -> None:
    found = strengths(played)
    assert sum(found.strength.values()) == pytest.approx(0, abs=1e-6)
    assert {name for group in found.groups for name in group} == set(found.variants)
    for one in found.variants:
        for other in found.variants:
            compared = found.compare(one, other)
            assert compared.low <= compared.difference <= compared.high
            assert compared.wins == pytest.approx(logistic(compared.difference))


@given(PAIRS)
def test_who_stood_left_does_not_matter_unless_asked(played: list[Pair]) -> None:
    other: dict[Preferred, Preferred] = {"left": "right", "right": "left", "tie": "tie"}
    turned = [Pair(pair.right, pair.left, other[pair.preferred]) for pair in played]
    assert strengths(turned).strength == pytest.approx(strengths(played).strength, abs=1e-6)


def test_what_is_no_pair_is_named() -> None:
    with pytest.raises(ValueError, match="'a' is paired with itself"):
        strengths([Pair("a", "a", "tie")])
    with pytest.raises(ValueError, match="weight -1"):
        strengths([Pair("a", "b", "tie", weight=-1)])
