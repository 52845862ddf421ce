"""The benchmark of critique: its world as defined, games of known truth, verdicts and pages; what it promises."""

from pathlib import Path
from random import Random
from statistics import fmean
from xml.etree import ElementTree

import pytest

from benchmarks.critique.__main__ import main
from benchmarks.critique.cases import POINTS, WAYS, Game, play
from benchmarks.critique.report import COMMAND, GOALS, write
from benchmarks.critique.worlds import BLIND, BREAK, CALLS, FIX, GROUNDED, LATE, USELESS, WORLDS, Critic, answer
from benchmarks.pages import marks

SEEDS = range(1, 61)


def game(reward: float = 0.7, *, on: bool = True, switches: tuple[int, ...] = ()) -> Game:
    return Game(reward, (True,) * (POINTS - 1) + (on,), switches)


def test_the_world_is_as_it_is_defined() -> None:
    assert (CALLS, LATE, FIX, BREAK) == (600, 50, 0.3, 0.5)
    assert (BLIND.p, BLIND.tpr, BLIND.fpr) == (0.7, 0.5, 0.3)
    assert (GROUNDED.p, GROUNDED.tpr, GROUNDED.fpr) == (0.7, 0.9, 0.02)
    assert USELESS.gain == pytest.approx(0, abs=1e-9)
    assert WORLDS["blind"].calls == WORLDS["grounded"].calls == CALLS
    assert WORLDS["mended"].critic(CALLS - 1) is BLIND
    assert WORLDS["mended"].critic(CALLS) is GROUNDED


@pytest.mark.parametrize("critic", [BLIND, GROUNDED])
def test_answers_are_right_flagged_fixed_and_broken_at_the_rates_of_the_critic(critic: Critic) -> None:
    random = Random(1)
    seen = [answer(critic, True, random) for _ in range(20_000)]
    right, wrong = [each for each in seen if each.before], [each for each in seen if not each.before]
    assert len(right) / len(seen) == pytest.approx(critic.p, abs=0.02)
    assert fmean(bool(each.flagged) for each in wrong) == pytest.approx(critic.tpr, abs=0.03)
    assert fmean(bool(each.flagged) for each in right) == pytest.approx(critic.fpr, abs=0.02)
    assert fmean(each.after for each in wrong if each.flagged) == pytest.approx(FIX, abs=0.03)
    assert fmean(not each.after for each in right if each.flagged) == pytest.approx(BREAK, abs=0.1)
    assert all(each.after == each.before for each in seen if not each.flagged)


def test_what_is_not_critiqued_stays_as_it_was() -> None:
    random = Random(1)
    seen = [answer(BLIND, False, random) for _ in range(100)]
    assert all(each.flagged is None and each.after == each.before for each in seen)


def test_it_ends_off_in_the_blind_world_and_on_in_the_grounded_one_on_nine_seeds_of_ten() -> None:
    blind, grounded = ([play(f"{world}:burnish", seed) for seed in SEEDS] for world in ("blind", "grounded"))
    assert all(found.was_on[0] for found in (*blind, *grounded))
    assert fmean(not found.on for found in blind) >= 0.9
    assert fmean(found.on for found in grounded) >= 0.9
    # Not all that it could be: it takes calls to find out.
    assert fmean(found.reward for found in blind) >= 0.66
    assert fmean(found.reward for found in grounded) >= 0.75


def test_always_on_and_always_off_earn_what_the_world_says() -> None:
    for world, critic in (("blind", BLIND), ("grounded", GROUNDED)):
        on, off = (fmean(play(f"{world}:{way}", seed).reward for seed in SEEDS) for way in WAYS[1:])
        assert on == pytest.approx(critic.p + critic.gain, abs=0.01)
        assert off == pytest.approx(critic.p, abs=0.01)


def test_no_label_is_known_before_it_arrives() -> None:
    found = [play("blind:burnish", seed) for seed in SEEDS]
    assert min(each.switches[0] for each in found if each.switches) > LATE


def test_a_game_is_the_same_again_and_another_with_another_seed() -> None:
    assert play("blind:burnish", 1) == play("blind:burnish", 1) != play("blind:burnish", 2)


def test_verdicts_are_given_by_the_goals() -> None:
    good = {
        "blind:burnish": [game(on=False, switches=(200,))],
        "grounded:burnish": [game()],
        "useless:burnish": [game()],
    }
    assert {goal.verdict(good) for goal in GOALS} == {"met"}
    bad = {"blind:burnish": [game()], "grounded:burnish": [game(on=False, switches=(9,))]}
    assert [goal.verdict(bad) for goal in GOALS] == ["missed", "missed", "missed", "not played"]


def test_the_page_keeps_its_prose_and_gets_figures_and_a_plot(tmp_path: Path) -> None:
    begin, end = marks(COMMAND)
    (tmp_path / "critique.md").write_text(f"# Critique\n\nBefore.\n\n{begin}\nold\n{end}\n\nAfter.\n")
    write({"blind:burnish": [game(0.675, on=False, switches=(210,)), game()]}, tmp_path)
    page = (tmp_path / "critique.md").read_text()
    assert page.startswith("# Critique\n\nBefore.")
    assert page.endswith("After.\n")
    assert "| blind | 600 | 0.688 | – | – | 50.0% | after 210 calls, in 50.0% |" in page
    assert ElementTree.parse(tmp_path / "critique.svg").getroot().tag.endswith("svg")


def test_the_command_plays_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "12", "--only", "blind", "--jobs", "1"]) == 0
    assert "blind: off after 600 calls" in capsys.readouterr().out
