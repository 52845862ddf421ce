"""`burnish feedback` and `burnish feedback list`."""

import time
from pathlib import Path
from typing import Any

import pytest

from records.score import Score
from stores.ledger import ScoreFilter, open_ledger
from stores.secret import load_secret, user_hash
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import a_run, asking
from tests.support.scores import a_score

ONE, TWO = a_run(1), a_run(2, variant="terse")


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    recorded = Recorded(tmp_path)
    recorded.put(ONE, TWO)
    return recorded


def kept(recorded: Recorded) -> list[Score]:
    ledger = open_ledger(f"sqlite:///{recorded.database}")
    try:
        return ledger.scores(ScoreFilter())
    finally:
        ledger.close()


def put(recorded: Recorded, *scores: Score) -> None:
    ledger = open_ledger(f"sqlite:///{recorded.database}")
    ledger.put_scores(scores)
    ledger.close()


def test_a_thumb_is_kept_as_a_score_of_the_run(recorded: Recorded) -> None:
    before = time.time_ns()
    result = recorded.run("feedback", ONE.id[:6], "--thumbs", "up", "--comment", "Quick.")
    assert result.exit_code == 0
    assert result.stdout == f"thumbs of run {ONE.id[:8]}: kept\n"
    (score,) = kept(recorded)
    assert (score.subject, score.evaluator, score.value, score.rationale) == (ONE.id, "thumbs", 1.0, "Quick.")
    assert (score.tenant, score.agent, score.source) == (ONE.tenant, ONE.agent, "human")
    assert before <= score.created_ns <= time.time_ns()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--thumbs", "down"], ("thumbs", 0.0, {})),
        (["--gold", "down"], ("gold", 0.0, {})),
        (["--rating", "4"], ("rating", 4.0, {})),
        (["--correction", "Press it."], ("correction", None, {"answer": "Press it.", "owner": True})),
        (["--correction", "Press it.", "--rater", "ada"], ("correction", None, {"answer": "Press it."})),
    ],
    ids=str,
)
def test_whatever_is_said_has_its_own_scale(recorded: Recorded, options: list[str], told: tuple[Any, ...]) -> None:
    assert recorded.run("feedback", ONE.id, *options).exit_code == 0
    (score,) = kept(recorded)
    assert (score.evaluator, score.value, score.details) == told


def test_several_things_may_be_said_at_once(recorded: Recorded) -> None:
    told = recorded.json("feedback", ONE.id, "--thumbs", "down", "--rating", "2", "--correction", "No.")
    assert told["run"] == ONE.id
    said = [(score["evaluator"], score["became"]) for score in told["scores"]]
    assert said == [("thumbs", "new"), ("rating", "new"), ("correction", "new")]


def test_a_preference_is_for_the_other_run(recorded: Recorded) -> None:
    recorded.run("feedback", ONE.id, "--prefer", TWO.id)
    (score,) = kept(recorded)
    assert (score.kind, score.subject, score.against, score.evaluator) == ("pair", TWO.id, ONE.id, "preference")


def test_a_rater_has_one_vote_and_may_think_again(recorded: Recorded) -> None:
    for thumb, became in (("up", "new"), ("up", "same"), ("down", "changed")):
        told = recorded.json("feedback", ONE.id, "--thumbs", thumb, "--rater", "ada")
        assert [score["became"] for score in told["scores"]] == [became]
    assert recorded.json("feedback", ONE.id, "--thumbs", "up", "--rater", "bob")["scores"][0]["became"] == "new"
    assert sorted(score.value or 0 for score in kept(recorded)) == [0.0, 1.0]
    assert (
        "kept instead of what was said before"
        in recorded.run("feedback", ONE.id, "--thumbs", "up", "--rater", "ada").stdout
    )
    assert "said before" in recorded.run("feedback", ONE.id, "--thumbs", "up", "--rater", "ada").stdout


def test_raters_are_kept_under_the_pseudonyms_of_users(recorded: Recorded) -> None:
    recorded.run("feedback", ONE.id, "--thumbs", "up", "--rater", "ada")
    (score,) = kept(recorded)
    assert score.rater == user_hash(load_secret(recorded.data), "ada")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "say what the answer was worth: --thumbs, --rating, --correction, --prefer or --gold"),
        (["--comment", "Hm."], "say what the answer was worth"),
        (["--prefer", ONE.id], "a run cannot be better than itself"),
        (["--prefer", a_run(3).id], "that run is of another agent, 'sales'"),
        (["--prefer", a_run(4).id], "the two were asked different things"),
        (["--prefer", a_run(5).id], "what was asked is not on record as a whole"),
        (["--prefer", "ffff"], "there is no run 'ffff'"),
        (["--thumbs", "up", "--rating", "6"], "--rating: 6 is not from 1, the worst, to 5"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(recorded: Recorded, options: list[str], told: str) -> None:
    recorded.put(a_run(3, agent="sales"), a_run(4, request=asking("Why?")), a_run(5, request=None))
    assert told in refusal(recorded.run("feedback", ONE.id, *options))
    assert kept(recorded) == []


def test_a_run_that_is_not_there_has_no_feedback(recorded: Recorded) -> None:
    assert "there is no run 'ffff'" in refusal(recorded.run("feedback", "ffff", "--thumbs", "up"))


def test_without_the_secret_nobody_can_be_named(recorded: Recorded) -> None:
    url = "postgresql://burnish@127.0.0.1:1/none"
    assert "cannot be reached" in refusal(recorded.run("feedback", ONE.id, "--thumbs", "up", "--db", url))


# The list


def test_the_list_shows_who_said_what_of_which_variant_newest_first(recorded: Recorded) -> None:
    put(
        recorded,
        a_score(1, 0.0, rationale="Too long."),
        a_score(2, 4.0, evaluator="rating"),
        a_score(2, 0.75, evaluator="task_success", source="judge", rater="gpt", created_ns=a_run(3).started_ns),
        a_score(2, None, evaluator="toxicity", source="code", failure="no model", created_ns=a_run(4).started_ns),
    )
    names, *lines = recorded.run("feedback", "list", "support").stdout.splitlines()
    assert names.split() == ["time", "run", "variant", "source", "rater", "said"]
    assert [line.split("  ", 2)[1] for line in lines] == [run.id[:8] for run in (TWO, TWO, TWO, ONE)]
    for line, words in zip(
        lines, ("failed: no model", "task_success 0.75", "rating 4 of 5", "thumbs down  Too long."), strict=True
    ):
        assert line.endswith(words)
    assert "terse" in lines[0]
    assert "judge" in lines[1]


def test_json_is_a_document_for_each_with_the_variant_that_answered(recorded: Recorded) -> None:
    put(recorded, a_score(1), a_score(2, details={"answer": "Better."}, evaluator="correction", value=None))
    two, one = recorded.lines("feedback", "list", "support")
    assert (one["subject"], one["variant"], one["value"], one["rater"]) == (ONE.id, "base", 1.0, "ada")
    assert (two["variant"], two["details"], two["value"]) == ("terse", {"answer": "Better."}, None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [4, 3, 2, 1]),
        (["--run", a_run(1).id[:8]], [1]),
        (["--evaluator", "rating"], [2]),
        (["--rater", "bob"], [3]),
        (["--rater", "gpt"], [4]),
        (["--since", "2023-11-14T12:00:03+00:00"], [4, 3]),
        (["--limit", "1"], [4]),
    ],
    ids=str,
)
def test_options_choose_what_is_listed(recorded: Recorded, options: list[str], expected: list[int]) -> None:
    bob = user_hash(load_secret(recorded.data), "bob")
    put(
        recorded,
        a_score(1),
        a_score(2, 3.0, evaluator="rating"),
        a_score(3, rater=bob),
        a_score(4, rater="gpt", source="judge"),
        a_score(5, agent="sales"),
    )
    found = recorded.lines("feedback", "list", "support", *options)
    assert [score["subject"] for score in found] == [a_run(number).id for number in expected]


def test_the_newest_twenty_are_shown_and_the_rest_counted(recorded: Recorded) -> None:
    put(recorded, *(a_score(number) for number in range(30)))
    shown = recorded.run("feedback", "list", "support").stdout
    assert len(shown.splitlines()) == 22
    assert "20 of 30; --limit shows more" in shown
    assert len(recorded.lines("feedback", "list", "support")) == 30


def test_no_feedback_is_said_to_be_none(recorded: Recorded) -> None:
    assert recorded.run("feedback", "list", "support").stdout == "No feedback.\n"


def test_words_of_a_rater_cannot_command_the_terminal(recorded: Recorded) -> None:
    evil = "\x1b[2J[bold]\u202e"
    put(recorded, a_score(1, evaluator=evil, rater=evil, rationale=evil, details={"answer": evil}))
    put(recorded, a_score(1, None, evaluator="correction", rater="eve", details={"answer": evil}, failure=evil))
    for command in (["feedback", "list", "support"], ["show", ONE.id]):
        shown = recorded.run(*command).stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[bold]" in shown
