"""The raters' benchmark: worlds as defined, methods on polls of known truth, verdicts and pages."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.raters.__main__ import main
from benchmarks.raters.cases import CASES, Figures, play
from benchmarks.raters.methods import METHODS, majority, plain
from benchmarks.raters.report import GOALS, generated, write
from benchmarks.raters.worlds import ATTACKS, Poll, World, poll
from policies.raters import Vote


def polled(world: World, seed: int = 1) -> Poll:
    return poll(world, np.random.default_rng(seed))


def figures(name: str, value: float) -> Figures:
    return {"raised": value, "right": value} if CASES[name].alarm else dict.fromkeys(METHODS, value)


def test_five_raters_vote_once_each_on_every_item_and_forty_items_are_gold() -> None:
    said = polled(ATTACKS["flip4"])
    assert set(Counter(vote.item for vote in said.votes).values()) == {5}
    assert len({(vote.rater, vote.item) for vote in said.votes}) == len(said.votes) == 2_000
    assert len({vote.rater for vote in said.votes}) == 40
    assert len(said.gold) == 40
    assert all(said.truth[item] == label for item, label in said.gold.items())
    assert 150 < Counter(said.truth.values())["up"] < 250


@pytest.mark.parametrize(("attack", "bad", "often"), [("flip", 12, 1), ("flip4", 8, 4), ("up4", 8, 4)])
def test_bad_raters_do_what_is_said_of_them(attack: str, bad: int, often: int) -> None:
    said = polled(ATTACKS[attack])
    theirs = [vote for vote in said.votes if int(vote.rater.removeprefix("rater ")) < bad]
    if attack == "up4":
        assert {vote.label for vote in theirs} == {"up"}
    else:
        assert all(vote.label != said.truth[vote.item] for vote in theirs)
    honest = [vote for vote in said.votes if vote not in set(theirs)]
    assert 0.78 < sum(vote.label == said.truth[vote.item] for vote in honest) / len(honest) < 0.87
    # Five distinct raters an item hold back those who are asked more often.
    assert 0.75 * often < (len(theirs) / bad) / (len(honest) / (40 - bad)) <= 1.1 * often


def test_the_majority_and_the_published_method_on_votes_of_known_truth() -> None:
    said = [("ann", "1", "up"), ("bob", "1", "up"), ("eve", "1", "down"), ("ann", "2", "down"), ("bob", "2", "down")]
    votes = tuple(Vote(*each) for each in [*said, ("eve", "2", "up")])
    for method in (majority, plain):
        assert method(Poll(votes, {}, {}, {}, {})) == {"1": "up", "2": "down"}


def test_frequent_liars_turn_the_published_method_round() -> None:
    found = play("flip4", seed=1)
    assert found["plain"] < 0.05 < 0.3 < found["majority"] < 0.45
    assert found["anchored"] > 0.98


def test_a_seed_plays_the_same_again() -> None:
    assert play("alarm_8", 3) == play("alarm_8", 3)
    assert play("up4", 3) == play("up4", 3) != play("up4", 4)


def test_goals_are_judged_by_the_means() -> None:
    found = {name: [figures(name, 0.9), figures(name, 1.0)] for name in CASES}
    assert [goal.verdict(found) for goal in GOALS] == ["missed", "met", "met", *["missed"] * 4]
    assert {goal.verdict({}) for goal in GOALS} == {"not played"}
    assert "0.950 (0.905)" in generated(found)


def test_the_page_keeps_its_prose(tmp_path: Path) -> None:
    found = {name: [figures(name, 0.0)] for name in CASES}
    write(found, tmp_path)
    page = tmp_path / "feedback.md"
    page.write_text(page.read_text() + "after\n")
    write({name: [figures(name, 1.0)] for name in CASES}, tmp_path)
    assert page.read_text().startswith("# Feedback\n")
    assert page.read_text().endswith("after\n")
    assert all(case.title in page.read_text() for case in CASES.values())
    page.write_text("no marks")
    with pytest.raises(ValueError, match="once each"):
        write(found, tmp_path)


def test_a_case_can_be_played_by_itself_and_leaves_the_page_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--seeds", "2", "--jobs", "1", "--only", "flip", "--docs", str(tmp_path)]) == 0
    assert "| accuracy: 30 % flip every vote | ≥ 0.97 | 0.9" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
