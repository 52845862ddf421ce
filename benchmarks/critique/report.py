"""Goals, and what was found as Markdown, written into docs/critique.md between two marks, and the plot beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Literal

from benchmarks import pages
from benchmarks.critique.cases import WAYS, Game
from benchmarks.critique.plot import plot
from benchmarks.critique.worlds import CALLS, TITLES, WORLDS
from benchmarks.pages import table
from policies.critique.settings import WorthSettings

COMMAND = "python -m benchmarks.critique"

Played = Mapping[str, Sequence[Game]]
"""By case, a game a seed."""


@dataclass(frozen=True)
class Goal:
    """A share of the seeds that must be at least, or at most, a bound."""

    what: str
    case: str
    holds: Callable[[Game], bool]
    bound: float
    at_least: bool = True

    def share(self, games: Sequence[Game]) -> float:
        return fmean(self.holds(game) for game in games)

    def verdict(self, played: Played) -> Literal["met", "missed", "not played"]:
        if self.case not in played:
            return "not played"
        share = self.share(played[self.case])
        return "met" if (share >= self.bound if self.at_least else share <= self.bound) else "missed"


GOALS: Sequence[Goal] = (
    Goal(f"blind: off after {CALLS} calls", "blind:burnish", lambda game: not game.on, 0.9),
    Goal(f"grounded: on after {CALLS} calls", "grounded:burnish", lambda game: game.on, 0.9),
    Goal("grounded: never switched off", "grounded:burnish", lambda game: not game.switches, 0.9),
    Goal(
        "useless: ever switched off, within 2,000 calls",
        "useless:burnish",
        lambda game: bool(game.switches),
        WorthSettings().false_off,
        at_least=False,
    ),
)


def write(played: Played, docs: Path) -> None:
    pages.write(docs / "critique.md", COMMAND, generated(played), title="Critique")
    (docs / "critique.svg").write_text(plot(_learned(played)))


def generated(played: Played) -> str:
    """The goals, and each world beside the same one with critique always on and always off."""
    seeds = sorted({len(games) for games in played.values()})
    return "\n\n".join(
        [
            f"Over {' to '.join(map(str, seeds))} seeds. All start on.",
            "![Share of seeds in which critique is on](critique.svg)",
            table(("share of seeds", "goal", "measured", ""), [_judged(goal, played) for goal in GOALS]),
            table(
                ("right answers", "calls", "Burnish", *WAYS[1:], "on at the end", "first switched, median"),
                [_row(world, played) for world in WORLDS if f"{world}:burnish" in played],
            ),
        ]
    )


def _learned(played: Played) -> Played:
    return {world: played[case] for world in WORLDS if (case := f"{world}:burnish") in played}


def _judged(goal: Goal, played: Played) -> Sequence[str]:
    verdict = goal.verdict(played)
    found = "–" if verdict == "not played" else f"{goal.share(played[goal.case]):.1%}"
    return goal.what, f"{'≥' if goal.at_least else '≤'} {goal.bound:.0%}", found, verdict


def _row(world: str, played: Played) -> Sequence[str]:
    games = played[f"{world}:burnish"]
    rewards = [
        f"{fmean(game.reward for game in played[case]):.3f}" if (case := f"{world}:{way}") in played else "–"
        for way in WAYS
    ]
    switched = [game.switches[0] for game in games if game.switches]
    return (
        TITLES[world],
        f"{WORLDS[world].calls:,}",
        *rewards,
        f"{fmean(game.on for game in games):.1%}",
        f"after {median(switched):,.0f} calls, in {len(switched) / len(games):.1%}" if switched else "never",
    )
