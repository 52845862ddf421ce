"""What is a score, and which are the same."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given

from records.score import Score, score_id
from tests.support.scores import a_score, scores


@given(scores())
def test_a_score_comes_back_from_json(score: Score) -> None:
    assert msgspec.json.decode(msgspec.json.encode(score), type=Score) == score


def test_a_rater_has_one_vote_for_each_run_and_evaluator() -> None:
    def vote(agent: str = "a", subject: str = "run", evaluator: str = "thumbs", rater: str = "ada") -> str:
        return score_id(agent, "run", subject, None, evaluator, rater)

    assert vote() == vote()
    assert len({vote(), vote(agent="b"), vote(subject="other"), vote(evaluator="rating"), vote(rater="bob")}) == 5


def test_a_pair_is_the_same_both_ways() -> None:
    assert score_id("a", "pair", "one", "two", "p", "ada") == score_id("a", "pair", "two", "one", "p", "ada")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_is_a_finite_number(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        a_score(1, value)


@pytest.mark.parametrize("inclusion", [0.0, -0.1, 1.1, math.nan])
def test_what_was_scored_had_some_chance_of_it(inclusion: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        a_score(1, inclusion=inclusion)


@pytest.mark.parametrize(
    "changes", [{"kind": "pair"}, {"against": "x"}, {"kind": "pair", "against": a_score(1).subject}]
)
def test_a_pair_is_of_two_runs(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="pair"):
        a_score(1, **changes)


def test_a_vote_sent_again_says_the_same_whenever_it_comes() -> None:
    assert a_score(1).says_the_same_as(a_score(1, created_ns=5, config_hash="new"))
    assert not a_score(1).says_the_same_as(a_score(1, rationale="But why?"))
