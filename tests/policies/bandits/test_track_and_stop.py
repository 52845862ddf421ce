"""Track-and-stop: the proportions of the paper, and winners that are right as often as promised."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits import BanditSettings, BanditState, Change, Reward, TrackAndStop, fold
from policies.bandits.evidence import better, divergence
from policies.bandits.track_and_stop import proportions, shares, winner
from tests.policies.bandits.events import ARMS, pulls, won

SETTINGS = BanditSettings(policy=TrackAndStop(), change=None)


def race(means: dict[str, float], each: int, seed: int) -> BanditState:
    return fold(SETTINGS, BanditState(), pulls(means, each, seed))


@pytest.mark.parametrize(
    ("means", "best"),
    [
        ([0.5, 0.45, 0.43, 0.4], [0.417, 0.390, 0.136, 0.057]),
        ([0.3, 0.21, 0.2, 0.19, 0.18], [0.336, 0.251, 0.177, 0.132, 0.104]),
    ],
)
def test_proportions_are_those_of_the_papers_examples(means: Sequence[float], best: Sequence[float]) -> None:
    """Garivier & Kaufmann 2016, section 6."""
    assert proportions(means) == pytest.approx(best, abs=0.002)


def worth(means: Sequence[float], weights: Sequence[float]) -> list[float]:
    """How fast each rival is told from the leader."""
    leader = max(range(len(means)), key=lambda i: means[i])
    found = []
    for i in range(len(means)):
        if i != leader:
            both = weights[leader] + weights[i]
            middle = (weights[leader] * means[leader] + weights[i] * means[i]) / both
            found.append(
                weights[leader] * divergence(means[leader], middle) + weights[i] * divergence(means[i], middle)
            )
    return found


@given(st.lists(st.floats(0.05, 0.95), min_size=2, max_size=6, unique_by=lambda mean: round(mean, 2)))
def test_no_rival_is_told_from_the_leader_later_than_another_and_none_could_be_sooner(means: list[float]) -> None:
    weights = proportions(means)
    assert sum(weights) == pytest.approx(1)
    speeds = worth(means, weights)
    assert speeds == pytest.approx([speeds[0]] * len(speeds), rel=1e-3)
    luck = random.Random(1)
    for _ in range(20):
        moved = [weight * luck.uniform(0.7, 1.3) for weight in weights]
        assert min(worth(means, [one / sum(moved) for one in moved])) <= speeds[0] * (1 + 1e-3)


def test_of_two_arms_each_gets_about_half() -> None:
    assert proportions([0.5, 0.6]) == pytest.approx([0.5, 0.5], abs=0.02)


def test_arms_that_share_the_lead_share_the_pulls() -> None:
    assert proportions([0.6, 0.6, 0.2]) == [0.5, 0.5, 0]
    assert proportions([0.6]) == [1.0]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 10_000)), min_size=1, max_size=6))
def test_every_arm_is_pulled_for_ever(known: list[tuple[float, int]]) -> None:
    found = shares([mean for mean, _ in known], [n for _, n in known])
    assert sum(found) == pytest.approx(1)
    assert min(found) >= 0.5 / (len(known) ** 2 + sum(n for _, n in known)) ** 0.5 - 1e-12


def test_the_best_arm_is_named_and_rightly() -> None:
    means = {"base": 0.5, "terse": 0.75, "warm": 0.6}
    assert [winner(0.05, race(means, 1_500, seed), ARMS) for seed in range(20)] == ["terse"] * 20


def test_among_arms_alike_a_winner_is_named_no_more_often_than_delta() -> None:
    found = [winner(0.2, race(dict.fromkeys(ARMS, 0.6), 600, seed), ARMS) for seed in range(60)]
    assert sum(name is not None for name in found) <= 12


def test_ten_rewards_of_each_name_no_winner_even_where_all_are_the_same() -> None:
    state = fold(SETTINGS, BanditState(), [*won("base", 7, 10), *won("terse", 10, 10)])
    assert winner(0.05, state, ("base", "terse")) is None


def test_a_smaller_delta_asks_for_more() -> None:
    state = fold(SETTINGS, BanditState(), [*won("base", 100, 200), *won("terse", 145, 200)])
    assert winner(0.05, state, ("base", "terse")) == "terse"
    assert winner(1e-6, state, ("base", "terse")) is None


def test_a_winner_has_to_beat_each_other_arm() -> None:
    state = fold(SETTINGS, BanditState(), [*won("base", 100, 200), *won("terse", 160, 200), *won("warm", 158, 200)])
    assert winner(0.05, state, ARMS) is None
    assert winner(0.05, state, ("base", "terse")) == "terse"
    assert winner(0.05, state, (*ARMS, "new")) is None


def test_an_arm_alone_wins_nothing() -> None:
    assert winner(0.05, race({"base": 0.9}, 500, 1), ("base",)) is None


def test_what_was_shown_once_stays_shown() -> None:
    state = fold(SETTINGS, BanditState(), [*won("base", 100, 200), *won("terse", 145, 200)])
    worse = fold(SETTINGS, state, won("terse", 5, 30))
    base, terse = worse.arm("base"), worse.arm("terse")
    assert better(terse.n, terse.total, base.n, base.total) < 1
    assert winner(0.05, worse, ("base", "terse")) == "terse"


def test_until_a_restart_and_then_the_next_winner_has_less_of_delta() -> None:
    settings = BanditSettings(policy=TrackAndStop(), change=Change())
    state = fold(settings, BanditState(), [*won("base", 300, 600), *won("terse", 480, 600)])
    assert winner(0.05, state, ("base", "terse")) == "terse"
    state = fold(settings, state, [Reward("terse", 0.0)] * 60)
    assert state.regime == 2
    assert winner(0.05, state, ("base", "terse")) is None
    again = fold(settings, state, won("base", 300, 600))
    assert winner(0.05, again, ("base", "terse")) == "base"
