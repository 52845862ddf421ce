"""Goals, and what was found as Markdown, written into docs/tools.md between two marks, and the plot beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Literal

from benchmarks import pages
from benchmarks.pages import table
from benchmarks.stats import percentile
from benchmarks.tools.cases import CASES, Game
from benchmarks.tools.plot import plot
from benchmarks.tools.worlds import TICKS

COMMAND = "python -m benchmarks.tools"
NEVER = TICKS
"""What counts for a fault that was not found."""

Played = Mapping[str, Sequence[Game]]
"""By case, a game a seed."""


@dataclass(frozen=True)
class Goal:
    """A figure over the seeds of a case that may be `most` at most."""

    what: str
    case: str
    found: Callable[[Sequence[Game]], float]
    most: float

    def verdict(self, played: Played) -> Literal["met", "missed", "not played"]:
        if self.case not in played:
            return "not played"
        return "met" if self.found(played[self.case]) <= self.most else "missed"


def calls_to_find(games: Sequence[Game]) -> list[float]:
    """The outage, by seed."""
    return [float(NEVER if game.outage is None else game.outage) for game in games]


GOALS: Sequence[Goal] = (
    Goal(
        "false opens a game of 120,000 calls, mean", "tools", lambda games: fmean(game.false_opens for game in games), 1
    ),
    Goal("the outage is found within calls, worst seed", "tools", lambda games: max(calls_to_find(games)), 31),
    Goal("the same, median: the fast path", "tools", lambda games: median(calls_to_find(games)), 6),
    Goal("the same without the fast path, worst seed", "evidence", lambda games: max(calls_to_find(games)), 31),
    Goal(
        "breakers opened by the outage of all tools, worst seed",
        "tools",
        lambda games: max(game.blackout_opens for game in games),
        0,
    ),
    Goal("declines to .45 that were not found", "tools", lambda games: sum(game.decline is None for game in games), 0),
    Goal(
        "false opens with nothing ever wrong, mean",
        "healthy",
        lambda games: fmean(game.false_opens for game in games),
        1,
    ),
)


def write(played: Played, docs: Path) -> None:
    pages.write(docs / "tools.md", COMMAND, generated(played), title="Tools")
    (docs / "tools.svg").write_text(plot(played["tools"]))


def generated(played: Played) -> str:
    """The goals and the figures."""
    seeds = sorted({len(games) for games in played.values()})
    return "\n\n".join(
        [
            f"Over {' to '.join(map(str, seeds))} seeds. Calls count from the first of a fault, the model's own errors "
            "included; in brackets the 95th percentile.",
            "![Share of seeds in which each tool's breaker is not closed](tools.svg)",
            table(("", "goal", "measured", ""), [_judged(goal, played) for goal in GOALS]),
            table(
                (
                    "",
                    "false opens",
                    "outage found",
                    "trusted again",
                    "decline found",
                    "not closed in decline",
                    "blackout noticed",
                ),
                [_row(name, played[name]) for name in CASES if name in played],
            ),
        ]
    )


def _judged(goal: Goal, played: Played) -> Sequence[str]:
    verdict = goal.verdict(played)
    found = "–" if verdict == "not played" else f"{goal.found(played[goal.case]):.3g}"
    return goal.what, f"≤ {goal.most:g}", found, verdict


def _row(name: str, games: Sequence[Game]) -> Sequence[str]:
    false = f"{fmean(game.false_opens for game in games):.3f}"
    if not CASES[name].world.faults:
        return CASES[name].title, false, "–", "–", "–", "–", "–"
    return (
        CASES[name].title,
        false,
        _spread([game.outage for game in games], "calls"),
        _spread([game.back for game in games], "ticks"),
        _spread([game.decline for game in games], "calls"),
        f"{fmean(game.declined_open for game in games):.0%}",
        _spread([game.noticed for game in games], "calls"),
    )


def _spread(values: Sequence[int | None], unit: str) -> str:
    found = [float(value) for value in values if value is not None]
    return f"{median(found):.0f} ({percentile(found, 0.95):.0f}) {unit}" if found else "never"
