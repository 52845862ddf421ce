"""What several raters' thumbs come to, in the worlds whose truth is known."""

from statistics import fmean

import numpy as np
import pytest

from benchmarks.raters.worlds import ATTACKS, Poll, World, poll
from policies.believed import believed, crowd_of, gold_of
from records.score import Score
from tests.support.scores import a_score


def thumbs(said: Poll) -> list[Score]:
    return [a_score(vote.item, float(vote.label == "up"), rater=vote.rater) for vote in said.votes]


def gold(said: Poll) -> dict[str, float]:
    return {item: float(label == "up") for item, label in said.gold.items()}


def accuracy(said: Poll) -> float:
    """Over the items that are not gold."""
    chances = believed(thumbs(said), gold(said))
    return fmean(
        (chances[item] > 0.5) == (label == "up") for item, label in said.truth.items() if item not in said.gold
    )


@pytest.mark.parametrize(("attack", "least"), [("flip", 0.97), ("flip4", 0.95), ("up4", 0.85)])
def test_liars_do_not_carry_the_day(attack: str, least: float) -> None:
    assert fmean(accuracy(poll(ATTACKS[attack], np.random.default_rng(seed))) for seed in range(20)) >= least


def test_gold_is_what_the_owner_says() -> None:
    said = [a_score(1, 1.0, rater=name) for name in ("ada", "bob")]
    assert believed(said, {said[0].subject: 0.0}) == {said[0].subject: 0.0}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_end_users_who_vote_once_each_are_taken_at_their_word(share: float) -> None:
    ups = round(share * 200)
    said = [a_score(run, float(run < ups), rater=f"user {run}") for run in range(200)]
    chances = believed(said, {})
    assert all(chances[score.subject] == score.value for score in said)


def test_an_agent_that_votes_on_everything_is_taken_at_its_word_where_nobody_else_does() -> None:
    said = [a_score(run, float(run % 3 > 0), rater="the agent's key") for run in range(100)]
    chances = believed(said, {})
    assert all(chances[score.subject] == score.value for score in said)


def test_strangers_who_disagree_come_to_the_mean() -> None:
    said = [a_score(1, 1.0, rater="ada"), a_score(1, 1.0, rater="bob"), a_score(1, 0.0, rater="eve")]
    assert believed(said, {}) == {said[0].subject: pytest.approx(2 / 3)}


def test_a_known_liars_thumb_up_is_a_thumb_down() -> None:
    said = poll(ATTACKS["flip"], np.random.default_rng(1))
    crowd = crowd_of([*thumbs(said), a_score("alone", 1.0, rater="rater 0")], gold(said))
    assert crowd.knows("rater 0")
    alone = believed([*thumbs(said), a_score("alone", 1.0, rater="rater 0")], gold(said))["alone"]
    assert alone < 0.1


def test_a_strangers_word_counts_beside_a_known_raters() -> None:
    said = thumbs(poll(World(), np.random.default_rng(1)))
    alone = believed([*said, a_score("run", 1.0, rater="rater 1")], {})["run"]
    agreed = believed([*said, a_score("run", 1.0, rater="rater 1"), a_score("run", 1.0, rater="new")], {})["run"]
    denied = believed([*said, a_score("run", 1.0, rater="rater 1"), a_score("run", 0.0, rater="new")], {})["run"]
    assert denied < alone < agreed


def test_two_who_always_agree_may_as_well_both_lie_and_are_not_weighed() -> None:
    said = [a_score(run, float(run % 2), rater=rater) for run in range(20) for rater in ("ada", "bob")]
    assert crowd_of(said, {}).beliefs is None
    assert set(believed(said, {}).values()) == {0.0, 1.0}
    gold = {score.subject: float(score.value or 0) for score in said[:16]}
    assert crowd_of(said, gold).knows("ada")


def test_only_peoples_thumbs_on_runs_are_votes() -> None:
    others = [
        a_score(1, 0.0, source="judge"),
        a_score(1, 0.0, evaluator="rating"),
        a_score(1, None, evaluator="thumbs"),
        a_score(1, 0.0, kind="pair", against="another"),
    ]
    up = a_score(1, 1.0, rater="bob")
    assert believed([*others, up], {}) == {up.subject: 1.0}


def test_a_changed_mind_is_the_last_word_whatever_the_order() -> None:
    first, last = a_score("run", 1.0, created_ns=1), a_score("run", 0.0, created_ns=2)
    assert believed([first, last], {}) == believed([last, first], {}) == {"run": 0.0}


def test_gold_is_read_from_the_owners_scores_alone() -> None:
    scores = [
        a_score("good", 1.0, evaluator="gold", rater="owner"),
        a_score("bad", 0.0, evaluator="gold", rater="owner"),
        a_score("forged", 1.0, evaluator="gold", source="code"),
        a_score("thumbed", 1.0),
    ]
    assert gold_of(scores) == {"good": 1.0, "bad": 0.0}


def test_a_rater_is_as_reliable_as_gold_bears_out_and_one_who_always_votes_alike_half_the_time() -> None:
    gold = {f"run {number}": float(number % 2) for number in range(40)}
    scores = [a_score(run, good, rater="honest") for run, good in gold.items()]
    scores += [a_score(run, 1 - good, rater="liar") for run, good in gold.items()]
    scores += [a_score(run, 1.0, rater="content") for run in gold]
    crowd = crowd_of(scores, gold)
    told = {rater: crowd.reliability(rater) for rater in ("honest", "liar", "content", "nobody")}
    assert told["nobody"] is None
    assert told["honest"] == pytest.approx(1, abs=0.1)
    assert told["liar"] == pytest.approx(0, abs=0.1)
    assert told["content"] == pytest.approx(0.5, abs=0.1)
