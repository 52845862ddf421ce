"""What scores, cost and latency come to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.reward import Reward
from proxy.rewards.value import worth


def value(said: dict[str, float], *, cost_usd: float = 0.0, seconds: float = 0.0, **reward: Any) -> float | None:
    return worth(Reward(**reward), said, cost_usd, seconds)


def test_a_thumb_alone_is_the_reward() -> None:
    assert value({"thumbs": 1.0}) == 1.0
    assert value({"thumbs": 0.0}) == 0.0


def test_scores_are_brought_to_one_scale_and_averaged_by_weight() -> None:
    scores = {"thumbs": 1, "rating": {"weight": 3, "range": [1, 5]}}
    assert value({"thumbs": 0.0, "rating": 4.0}, scores=scores) == pytest.approx(3 * 0.75 / 4)


def test_a_range_that_falls_makes_less_the_better() -> None:
    assert value({"errors": 2.0}, scores={"errors": {"range": [10, 0]}}) == pytest.approx(0.8)


def test_what_lies_outside_the_range_counts_as_its_end() -> None:
    assert value({"rating": 9.0}, scores={"rating": {"range": [1, 5]}}) == 1.0


def test_scores_of_negative_weight_are_subtracted() -> None:
    scores = {"thumbs": 1, "retry": -0.5}
    assert value({"thumbs": 1.0, "retry": 1.0}, scores=scores) == 0.5
    assert value({"thumbs": 1.0, "retry": 0.0}, scores=scores) == 1.0


def test_where_only_complaints_count_a_reward_is_what_they_take_away() -> None:
    assert value({"retry": 1.0}, scores={"retry": -1}) == -1.0
    assert value({"retry": 0.0}, scores={"retry": -1}) == 0.0


def test_cost_and_latency_are_subtracted() -> None:
    assert value({"thumbs": 1.0}, cost_usd=0.1, seconds=3.0, cost=2, latency=0.01) == pytest.approx(1 - 0.2 - 0.03)


def test_where_nothing_but_cost_counts_it_alone_is_the_reward() -> None:
    assert value({}, cost_usd=0.25, scores={}, cost=1) == -0.25


def test_an_evaluator_that_never_spoke_is_left_out_of_the_average() -> None:
    assert value({"rating": 1.0}, scores={"thumbs": 5, "rating": 1}) == 1.0


def test_an_evaluator_that_never_spoke_counts_as_the_owner_says() -> None:
    scores = {"thumbs": 1, "rating": 1}
    assert value({"rating": 1.0}, scores=scores, missing=0.5) == 0.75
    assert value({}, scores=scores, missing=0.25) == 0.25


def test_where_nobody_spoke_there_is_no_reward() -> None:
    assert value({}) is None
    assert value({}, scores={"retry": -1}) is None


def test_complaints_alone_are_no_reward_where_praise_is_asked_for_too() -> None:
    assert value({"retry": 1.0}, scores={"thumbs": 1, "retry": -0.5}) is None


def test_a_score_of_no_weight_changes_nothing() -> None:
    assert value({"thumbs": 1.0, "rating": 0.0}, scores={"thumbs": 1, "rating": 0}) == 1.0
    assert value({"rating": 1.0}, scores={"thumbs": 1, "rating": 0}) is None


@given(
    weights=st.lists(st.floats(0.1, 10), min_size=1, max_size=5),
    values=st.lists(st.floats(-5, 5) | st.none(), min_size=5, max_size=5),
    missing=st.just("ignore") | st.floats(0, 1),
)
def test_where_no_weight_is_negative_rewards_lie_between_0_and_1(
    weights: list[float], values: list[float | None], missing: Any
) -> None:
    scores = {f"e{number}": weight for number, weight in enumerate(weights)}
    said = {f"e{number}": value for number, value in enumerate(values) if value is not None}
    found = value(said, scores=scores, missing=missing)
    assert found is None or 0 <= found <= 1
