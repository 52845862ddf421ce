"""Goals, and what was found as Markdown, written into docs/memory.md between two marks, with the plot beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from benchmarks import pages
from benchmarks.memory.cases import CASES, LOOK, Game
from benchmarks.memory.plot import plot
from benchmarks.memory.worlds import BASE, CALLS, DROP, HOLDOUT, ITEMS, MEMORY, RELEVANT
from benchmarks.pages import table

COMMAND = "python -m benchmarks.memory"

Played = Mapping[str, Sequence[Game]]
"""By case, the games of each seed."""


@dataclass(frozen=True)
class Goal:
    """A mean over seeds that must be at least, or at most, a bound."""

    what: str
    case: str
    figure: Literal["found", "flagged", "overall", "item"]
    bound: float
    at_least: bool = True

    def value(self, played: Played) -> float:
        return fmean(_last(game, self.figure) for game in played[self.case])

    def verdict(self, played: Played) -> Literal["met", "missed", "not played"]:
        if self.case not in played:
            return "not played"
        value = self.value(played)
        return "met" if (value >= self.bound if self.at_least else value <= self.bound) else "missed"


GOALS: Sequence[Goal] = (
    Goal("harmful answers retired", "memory_burnish", "found", 0.8),
    Goal("good answers retired", "memory_burnish", "flagged", 0.01, at_least=False),
    Goal("answers retired where none does anything", "harmless_burnish", "flagged", 0.02, at_least=False),
    Goal("answers retired where some belong to hard questions", "hard_burnish", "flagged", 0.02, at_least=False),
    Goal("95 % intervals of the overall uplift that hold it", "kept", "overall", 0.93),
    Goal("95 % intervals of an answer's effect that hold it", "kept", "item", 0.93),
)


def write(played: Played, docs: Path) -> None:
    pages.write(docs / "memory.md", COMMAND, generated(played), title="Memory")
    (docs / "memory.svg").write_text(plot(played))


def generated(played: Played) -> str:
    """The goals, and what each method retires in each world."""
    seeds = sorted({len(games) for games in played.values()})
    return "\n\n".join(
        [
            f"{ITEMS} answers, {RELEVANT} relevant to a call, {CALLS:,} calls of which {BASE:.0%} succeed without any; "
            f"{MEMORY.harmful} answers take {-MEMORY.harm:.0%} of calls from success when they are shown, the others "
            f"add {MEMORY.helps:.0%}. {HOLDOUT:.0%} of calls are held out, each answer is dropped with probability "
            f"{DROP:g}. A look at the evidence every {LOOK} calls. Means over {' to '.join(map(str, seeds))} seeds.",
            table(("", "goal", "measured", ""), [_judged(goal, played) for goal in GOALS]),
            table(
                ("retired within the world's calls", "harmful", "others", "a harmful one after"),
                [_retired(name, games) for name, games in played.items() if CASES[name].method],
            ),
        ]
    )


def _judged(goal: Goal, played: Played) -> Sequence[str]:
    verdict = goal.verdict(played)
    found = "–" if verdict == "not played" else f"{goal.value(played):.1%}"
    return goal.what, f"{'≥' if goal.at_least else '≤'} {goal.bound:.0%}", found, verdict


def _retired(name: str, games: Sequence[Game]) -> Sequence[str]:
    case = CASES[name]
    calls = [game.figures["calls"] for game in games if "calls" in game.figures]
    return (
        case.title,
        f"{fmean(_last(game, 'found') for game in games):.1%}" if case.world.harmful else "–",
        f"{fmean(_last(game, 'flagged') for game in games):.1%}",
        f"{fmean(calls):,.0f} calls" if calls else "–",
    )


def _last(game: Game, figure: str) -> float:
    if figure in ("found", "flagged"):
        return (game.found if figure == "found" else game.flagged)[-1]
    return game.figures[figure]
