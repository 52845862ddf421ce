"""What an agent's answers earn, as it is written."""

from typing import Any

import pytest
from pydantic import ValidationError

from proxy.config.problems import ConfigError
from proxy.config.reward import Reward, RewardScore
from tests.proxy.config.conftest import Load
from tests.proxy.config.test_broken_configs import document


def test_thumbs_count_unless_something_else_is_said() -> None:
    reward = Reward()
    assert reward.scores == {"thumbs": RewardScore(weight=1.0, range=(0.0, 1.0))}
    assert (reward.wait, reward.missing, reward.bounds) == (3600.0, "ignore", (0.0, 1.0))


def test_a_score_is_written_as_its_weight_or_with_its_range(load_text: Load) -> None:
    text = document("reward: {scores: {thumbs: 1, rating: {weight: 2, range: [1, 5]}, retry: -0.5}, wait: 2h}")
    reward = load_text(text).agents["support"].reward
    assert reward.scores == {
        "thumbs": RewardScore(weight=1),
        "rating": RewardScore(weight=2, range=(1, 5)),
        "retry": RewardScore(weight=-0.5),
    }
    assert reward.wait == 7200


def test_a_weight_may_come_from_outside(load_text: Load) -> None:
    reward = load_text(document('reward: {scores: {thumbs: "${env:WEIGHT:-3}"}, missing: "${env:MISSING:-0.5}"}'))
    assert reward.agents["support"].reward.scores["thumbs"].weight == 3
    assert reward.agents["support"].reward.missing == 0.5


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{scores: {thumbs: true}}", "reward.scores.thumbs: expected a number, got true or false"),
        ("{scores: {thumbs: much}}", "reward.scores.thumbs: expected a number, got 'much'"),
        ("{scores: {rating: {wieght: 1}}}", "reward.scores.rating.wieght: unknown key; did you mean 'weight'?"),
        ("{scores: {rating: {range: [1, 2, 3]}}}", "reward.scores.rating.range: expected two numbers"),
        ("{scores: {rating: {range: [1, 1]}}}", "reward.scores.rating.range: the worst and the best value must differ"),
        ("{scores: {}}", "reward: nothing counts: name a score"),
        ("{scores: {thumbs: 0}}", "reward: nothing counts: name a score"),
        ("{scores: {reward: 1}}", "reward: scores: 'reward' is what rewards themselves are kept as"),
        ("{bounds: [1, 0]}", "reward: bounds: 1 is not below 0"),
        ("{missing: never}", "reward.missing: expected 'ignore', or a number, got 'never'"),
        ("{missing: 2}", "reward.missing: expected 'ignore', or a number, got 2"),
        ("{wait: 60}", "reward.wait: expected a duration with its unit"),
        ("{cost: -1}", "reward.cost: must be at least 0, got -1"),
    ],
)
def test_a_mistake_is_told_with_its_place(load_text: Load, written: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_text(document(f"reward: {written}"))
    (line,) = error.value.lines
    assert f"agents.support.{message}" in line


@pytest.mark.parametrize("changes", [{"missing": True}, {"bounds": [0, float("inf")]}, {"scores": {"a": [1]}}])
def test_what_is_no_number_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Reward.model_validate(changes)


def test_cost_alone_may_count() -> None:
    assert Reward(scores={}, cost=1).cost == 1
