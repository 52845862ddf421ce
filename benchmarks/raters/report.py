"""Goals, and what was found as Markdown, written into docs/feedback.md between two marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from benchmarks import pages
from benchmarks.pages import table
from benchmarks.raters.cases import ALPHA, CASES, Figures
from benchmarks.raters.methods import METHODS
from benchmarks.raters.worlds import GOLD, ITEMS, RATERS, VOTES
from benchmarks.stats import percentile

COMMAND = "python -m benchmarks.raters"

Played = Mapping[str, Sequence[Figures]]
"""By case, the figures of each seed."""


@dataclass(frozen=True)
class Goal:
    """A mean over seeds that must be at least, or at most, a bound."""

    what: str
    case: str
    figure: str
    bound: float
    at_least: bool = True

    def verdict(self, played: Played) -> Literal["met", "missed", "not played"]:
        if self.case not in played:
            return "not played"
        value = mean(played[self.case], self.figure)
        return "met" if (value >= self.bound if self.at_least else value <= self.bound) else "missed"


GOALS: Sequence[Goal] = (
    Goal(f"accuracy: {CASES['flip'].title}", "flip", "anchored", 0.97),
    Goal(f"accuracy: {CASES['flip4'].title}", "flip4", "anchored", 0.95),
    Goal(f"accuracy: {CASES['up4'].title}", "up4", "anchored", 0.85),
    *(
        Goal(f"alarms: {CASES[name].title}", name, "raised", ALPHA, at_least=False)
        for name in ("alarm_honest", "alarm_flip", "alarm_flip4", "alarm_up4")
    ),
)


def mean(figures: Sequence[Figures], name: str) -> float:
    return fmean(figure[name] for figure in figures)


def write(played: Played, docs: Path) -> None:
    pages.write(docs / "feedback.md", COMMAND, generated(played), title="Feedback")


def generated(played: Played) -> str:
    """The goals, the accuracies and the alarms."""
    seeds = sorted({len(figures) for figures in played.values()})
    labels = [name for name in played if not CASES[name].alarm]
    alarms = [name for name in played if CASES[name].alarm]
    return "\n\n".join(
        [
            f"{ITEMS} items, {RATERS} raters, {VOTES} votes an item, {GOLD} gold items unless said otherwise; accuracy "
            f"over the items that are not gold. Means over {' to '.join(map(str, seeds))} seeds, in brackets what one "
            "seed in twenty falls short of.",
            table(("", "goal", "measured", ""), [_judged(goal, played) for goal in GOALS]),
            table(
                ("accuracy of labels", *(method.title for method in METHODS.values())),
                [(CASES[name].title, *(_spread(played[name], method) for method in METHODS)) for name in labels],
            ),
            table(
                (f"alarms at alpha {ALPHA:g}", "raised", "names the variant"),
                [
                    (CASES[name].title, f"{mean(played[name], 'raised'):.0%}", f"{mean(played[name], 'right'):.0%}")
                    for name in alarms
                ],
            ),
        ]
    )


def _judged(goal: Goal, played: Played) -> Sequence[str]:
    verdict = goal.verdict(played)
    found = "–" if verdict == "not played" else f"{mean(played[goal.case], goal.figure):.3f}"
    return goal.what, f"{'≥' if goal.at_least else '≤'} {goal.bound:g}", found, verdict


def _spread(figures: Sequence[Figures], name: str) -> str:
    return f"{mean(figures, name):.3f} ({percentile([figure[name] for figure in figures], 0.05):.3f})"
