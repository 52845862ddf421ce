"""The benchmark of memory: its world as defined, the methods in it, verdicts and pages."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.memory.__main__ import main
from benchmarks.memory.cases import CASES, POINTS, Game, play
from benchmarks.memory.methods import METHODS, Counting, Peeking
from benchmarks.memory.report import GOALS, generated, write
from benchmarks.memory.worlds import HARD, MEMORY, call, truth_of
from policies.retrieval.uplift import Seen


def game(name: str, found: float, flagged: float) -> Game:
    figures = {"overall": found, "item": found} if CASES[name].method is None else {"calls": 100.0}
    return Game((found,) * POINTS, (flagged,) * POINTS, figures)


def test_the_world_is_as_defined() -> None:
    random = np.random.default_rng(1)
    truth = truth_of(MEMORY, random)
    assert sorted(truth.effects.values()) == [-0.25] * 4 + [0.02] * 36
    seen = [call(truth, (), random) for _ in range(6_000)]
    assert {len(one.ids) for one in seen} == {3}
    assert 0.09 < np.mean([one.held_out for one in seen]) < 0.11
    asked = [was for one in seen if not one.held_out for was in one.shown]
    assert 0.84 < np.mean(asked) < 0.86
    plain = [one.reward for one in seen if not any(one.shown)]
    assert 0.55 < np.mean(np.array(plain, float)) < 0.65
    harmed = [one.reward for one in seen for name, was in zip(one.ids, one.shown, strict=True)
              if was and name in truth.harmful]  # fmt: skip
    assert 0.30 < np.mean(np.array(harmed, float)) < 0.40


def test_what_was_retired_is_shown_to_nobody() -> None:
    random = np.random.default_rng(1)
    truth = truth_of(MEMORY, random)
    retired = [f"answer {place}" for place in range(20)]
    shown = {name for _ in range(500) for name in call(truth, retired, random).ids}
    assert shown.isdisjoint(retired)
    assert len(shown) == 20


def test_hard_questions_are_hard_whether_or_not_their_answer_is_shown() -> None:
    random = np.random.default_rng(1)
    truth = truth_of(HARD, random)
    hard = {name for name, harder in truth.harder.items() if harder}
    assert len(hard) == 8
    seen = [call(truth, (), random) for _ in range(4_000)]
    for held_out in (True, False):
        rewards = [one.reward for one in seen if one.held_out is held_out and len(hard.intersection(one.ids)) == 1]
        assert 0.28 < np.mean(np.array(rewards, float)) < 0.42


def test_most_harmful_answers_are_retired_and_hardly_a_good_one() -> None:
    games = [play("memory_burnish", seed) for seed in range(1, 7)]
    assert np.mean([one.found[-1] for one in games]) >= 0.7
    assert np.mean([one.flagged[-1] for one in games]) <= 0.02


@pytest.mark.parametrize("method", ["peeking", "counting"])
def test_looking_again_and_again_at_a_test_made_for_one_look_retires_good_answers(method: str) -> None:
    games = [play(f"harmless_{method}", seed) for seed in range(1, 4)]
    assert np.mean([one.flagged[-1] for one in games]) > 0.15


def test_the_usual_methods_on_calls_of_known_truth() -> None:
    bad = [Seen(["a"], [True], False, 0.1, 0.5, 0.0), Seen(["a"], [False], False, 0.1, 0.5, 1.0)] * 10
    other = [Seen(["b"], [True], False, 0.1, 0.5, 1.0)] * 10
    for method in (Peeking(), Counting()):
        for one in (*bad, *other):
            method.see(one)
        assert method.harmful() == ["a"]


def test_intervals_hold_the_truth() -> None:
    figures = [play("kept", seed).figures for seed in range(1, 4)]
    assert np.mean([one["item"] for one in figures]) > 0.88
    assert 0.07 < np.mean([one["overall_width"] for one in figures]) < 0.1


def test_a_seed_plays_the_same_again() -> None:
    assert play("memory_peeking", 3) == play("memory_peeking", 3) != play("memory_peeking", 4)


def test_goals_are_judged_by_the_means() -> None:
    played = {name: [game(name, 0.7, 0.005), game(name, 0.95, 0.005)] for name in CASES}
    assert [goal.verdict(played) for goal in GOALS] == ["met", "met", "met", "met", "missed", "missed"]
    assert {goal.verdict({}) for goal in GOALS} == {"not played"}
    assert "| harmful answers retired | ≥ 80% | 82.5% | met |" in generated(played)


def test_the_page_and_the_plot_show_every_method(tmp_path: Path) -> None:
    write({name: [game(name, 0.9, 0.0)] for name in CASES}, tmp_path)
    page, plot = (tmp_path / "memory.md").read_text(), (tmp_path / "memory.svg").read_text()
    assert all(case.title in page for case in CASES.values() if case.method)
    assert plot.count("<polyline") == 3 * len(METHODS)


def test_a_case_can_be_played_by_itself_and_leaves_the_page_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--seeds", "1", "--jobs", "1", "--only", "harmless_burnish", "--docs", str(tmp_path)]
    assert main(options) == 0
    assert "| answers retired where none does anything | ≤ 2% |" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
