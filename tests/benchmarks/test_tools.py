"""The tools' benchmark: the world as defined, games of known truth, verdicts, pages; what breakers promise."""

from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from benchmarks.pages import marks
from benchmarks.tools.__main__ import main
from benchmarks.tools.cases import CASES, POINTS, Game, play
from benchmarks.tools.report import COMMAND, GOALS, write
from benchmarks.tools.worlds import TOOLS, World
from policies.tools.reliability import judged

SEEDS = (101, 102, 103)


def game(false_opens: int = 0, outage: int | None = 5, blackout_opens: int = 0) -> Game:
    return Game(
        false_opens=false_opens,
        blackout_opens=blackout_opens,
        outage=outage,
        decline=40,
        noticed=30,
        back=160,
        declined_open=0.9,
        not_closed=[[False] * POINTS for _ in TOOLS.base],
    )


def test_the_world_is_as_it_is_defined() -> None:
    assert TOOLS.base == (0.03, 0.05, 0.08, 0.05, 0.05, 0.05)
    assert TOOLS.ticks == 20_000
    assert [TOOLS.rate(2, tick) for tick in (4_999, 5_000, 5_299, 5_300)] == [0.08, 1.0, 1.0, 0.08]
    assert [TOOLS.rate(3, tick) for tick in (7_999, 8_000, 19_999)] == [0.05, 0.45, 0.45]
    assert {TOOLS.rate(tool, tick) for tool in range(6) for tick in (12_000, 12_199)} == {1.0}
    assert TOOLS.rate(0, 12_200) == 0.03


def test_a_call_in_ten_is_the_models_own_error_and_tools_fail_at_their_rates() -> None:
    calls = [call for call in World(TOOLS.base).calls(Random(1)) if call.tool == "tool 2"]
    assert len(calls) == 20_000
    known = [failed for call in calls if (failed := judged(call.outcome)) is not None]
    # Five standard errors.
    assert 1 - len(known) / 20_000 == pytest.approx(0.1, abs=0.011)
    assert sum(known) / len(known) == pytest.approx(0.08, abs=0.011)


def test_a_game_is_the_same_again_and_another_with_another_seed() -> None:
    assert play("healthy", 1) == play("healthy", 1) != play("healthy", 5)


@pytest.mark.parametrize("seed", SEEDS)
def test_breakers_find_what_is_wrong_and_blame_nobody_else(seed: int) -> None:
    found = play("tools", seed)
    assert found.outage is not None
    assert found.outage <= 31
    assert found.decline is not None
    assert found.blackout_opens == 0
    # .1 a game over many seeds.
    assert found.false_opens <= 1
    assert found.back is not None


def test_without_the_fast_path_the_outage_is_found_too() -> None:
    found = play("evidence", SEEDS[0])
    assert found.outage is not None
    assert found.outage <= 31
    assert (found.false_opens, found.blackout_opens) == (0, 0)


def test_verdicts_are_given_by_the_goals() -> None:
    met = {name: [game()] * 3 for name in CASES}
    assert {goal.verdict(met) for goal in GOALS} == {"met"}
    bad = [game(false_opens=2, outage=None, blackout_opens=1)] * 3
    missed = [goal.verdict({**met, "tools": bad}) for goal in GOALS]
    assert missed == ["missed", "missed", "missed", "met", "missed", "met", "met"]
    assert {goal.verdict({}) for goal in GOALS} == {"not played"}


def test_the_page_keeps_its_prose_and_gets_figures_and_a_plot(tmp_path: Path) -> None:
    begin, end = marks(COMMAND)
    (tmp_path / "tools.md").write_text(f"# Tools\n\nBefore.\n\n{begin}\nold\n{end}\n\nAfter.\n")
    write({name: [game(), game(1)] for name in CASES}, tmp_path)
    page = (tmp_path / "tools.md").read_text()
    assert page.startswith("# Tools\n\nBefore.")
    assert page.endswith("After.\n")
    assert "old" not in page
    assert "| the six tools | 0.500 | 5 (5) calls |" in page
    assert ElementTree.parse(tmp_path / "tools.svg").getroot().tag.endswith("svg")


def test_the_command_plays_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1", "--only", "healthy", "--jobs", "1", "--first", "101"]) == 0
    assert "the same tools with nothing ever wrong" in capsys.readouterr().out
