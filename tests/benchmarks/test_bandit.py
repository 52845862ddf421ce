"""The bandits' benchmark: worlds as defined, games that keep their pace, figures and pages from known games."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.bandit import main
from benchmarks.bandits.cases import CASES
from benchmarks.bandits.figures import BOUND, GOALS, detection, false_alarms, false_winners, regret, stopping, worst
from benchmarks.bandits.play import POINTS, Game, Pace, play
from benchmarks.bandits.report import BEGIN, END, write
from benchmarks.bandits.worlds import FIVE_ARMS, SWAP, World
from policies.bandits import BanditSettings, Fixed, Thompson

CLASSIC = BanditSettings(policy=Thompson(draws=1), floor=0.0, ramp=None, change=None)
CLEAR = World({0: {"a": 0.1, "b": 0.9}})


def game(regret: float = 0.0, restarts: tuple[int, ...] = (), winner: str | None = None) -> Game:
    return Game(
        [regret * (point + 1) / POINTS for point in range(POINTS)], list(restarts), winner, 3_000 if winner else None
    )


def all_games() -> dict[str, list[Game]]:
    return {case: [game(90.0, (5_100,)), game(30.0, (5_300,))] for case in CASES}


def test_the_bound_of_the_five_arms_is_the_published_one() -> None:
    assert pytest.approx(98.4, abs=0.05) == BOUND


def test_the_swap_comes_after_5_000_pulls() -> None:
    assert SWAP.means(4_999) == FIVE_ARMS.means(9_999)
    assert SWAP.means(5_000) == {**FIVE_ARMS.means(0), "a": 0.75, "e": 0.50}


def test_regret_is_counted_by_the_true_means() -> None:
    always = BanditSettings(policy=Fixed("c"))
    assert play(always, SWAP, Pace(epoch=100), 10_000, seed=1).regret[-1] == pytest.approx(1_500)
    assert play(BanditSettings(policy=Fixed("e")), SWAP, Pace(epoch=100), 10_000, 1).regret[-1] == pytest.approx(1_250)


def test_a_game_learns_and_is_the_same_again() -> None:
    once = play(CLASSIC, CLEAR, Pace(), 400, seed=5)
    assert once == play(CLASSIC, CLEAR, Pace(), 400, seed=5)
    assert once != play(CLASSIC, CLEAR, Pace(), 400, seed=6)
    assert len(once.regret) == POINTS
    assert once.regret[-1] < 0.8 * 20


def test_nothing_is_learned_before_rewards_come_or_an_epoch_ends() -> None:
    # Half of the pulls are wrong, at .8 each.
    for pace in (Pace(delay=400), Pace(epoch=400)):
        assert play(CLASSIC if pace.delay else BanditSettings(ramp=None), CLEAR, pace, 400, 5).regret[-1] == (
            pytest.approx(160, abs=25)
        )


def test_figures_of_known_games() -> None:
    games = [game(90.0, (4_000,)), game(30.0, (5_200,)), game(60.0, (5_100, 7_000))]
    assert regret(games).value == 60
    assert regret(games).error == pytest.approx(30 / 3**0.5)
    assert worst(games) == pytest.approx(87)
    assert false_alarms("swap", games).value == pytest.approx(1 / 3)
    assert false_alarms("still", games).value == 1
    late = detection("swap", games)
    assert late is not None
    assert late.value == 150


def test_a_winner_is_false_unless_it_alone_is_the_best() -> None:
    games = [game(winner="e"), game(winner="d"), game()]
    assert false_winners("track", games).value == pytest.approx(1 / 3)
    assert false_winners("same", games).value == pytest.approx(2 / 3)
    won = stopping(games)
    assert won is not None
    assert won.value == 3_000


def test_none_of_a_few_seeds_is_not_taken_for_never() -> None:
    found = false_alarms("still", [game()] * 18)
    assert found.value == 0
    assert found.error == pytest.approx((0.05 * 0.95 / 18) ** 0.5)


def test_goals_are_judged_by_the_means() -> None:
    verdicts = [goal.verdict(all_games()) for goal in GOALS]
    assert verdicts == ["met", "met", "missed", "missed", "met"]
    assert {goal.verdict({}) for goal in GOALS} == {"not played"}


def test_the_page_keeps_its_prose_and_gets_a_plot(tmp_path: Path) -> None:
    (tmp_path / "bandits.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(all_games(), tmp_path)
    page = (tmp_path / "bandits.md").read_text()
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "old" not in page
    assert all(case.title in page for case in CASES.values())
    drawn = ElementTree.parse(tmp_path / "bandits.svg").getroot()
    assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) == 7


def test_a_page_without_its_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bandits.md").write_text("no marks")
    with pytest.raises(ValueError, match="once each"):
        write(all_games(), tmp_path)


def test_one_case_can_be_played_by_itself_and_leaves_the_page_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--seeds", "2", "--jobs", "1", "--only", "batched", "--docs", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "| the same, an epoch every 500 pulls | ≤ 1 | 0." in printed.out
    assert "2 of 2 seeds" in printed.err
    assert list(tmp_path.iterdir()) == []


def test_all_cases_played_make_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--seeds", "1", "--jobs", "1", "--docs", str(tmp_path)])
    page = (tmp_path / "bandits.md").read_text()
    assert capsys.readouterr().out.strip() in page
    assert "not played" not in page
    assert (tmp_path / "bandits.svg").exists()
