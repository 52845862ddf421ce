"""Goals, and what was found as Markdown, written into docs/estimates.md between two marks."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal

from benchmarks import pages
from benchmarks.offpolicy.cases import CASES, CONFIDENCE, JOINT, METHODS, Figures
from benchmarks.pages import table

COMMAND = "python -m benchmarks.offpolicy"

Played = Mapping[str, Sequence[Figures]]
"""By case, the figures of each log."""

_WORST = "a"


@dataclass(frozen=True)
class Goal:
    """A mean over the logs of five arms: no further from 0 than `bound`, or at least that.

    A `nominal` coverage is asked for up to the standard error that it has over so many logs.
    """

    what: str
    figure: str
    bound: float
    near_zero: bool = False
    nominal: bool = False

    def error(self, logs: int) -> float:
        return math.sqrt(self.bound * (1 - self.bound) / logs) if self.nominal else 0.0

    def verdict(self, played: Played) -> Literal["met", "missed", "not played"]:
        if "five" not in played:
            return "not played"
        value, _ = mean(played["five"], self.figure)
        least = self.bound - self.error(len(played["five"]))
        return "met" if (abs(value) <= self.bound if self.near_zero else value >= least) else "missed"


GOALS: Sequence[Goal] = (
    *(Goal(f"{method.upper()}: bias, worst arm", f"error {method} {_WORST}", 0.005, True) for method in METHODS),
    *(
        Goal(f"{method.upper()}: {CONFIDENCE:.0%} intervals hold the worst arm", f"covered {method} {_WORST}", 0.87)
        for method in METHODS
    ),
    *(
        Goal(
            f"{method.upper()}: joint {JOINT:.0%} intervals hold all arms", f"covered {method} all", JOINT, nominal=True
        )
        for method in METHODS
    ),
)


def mean(figures: Sequence[Figures], name: str) -> tuple[float, float]:
    """Over the logs that have the figure, with its standard error."""
    values = [figure[name] for figure in figures if name in figure]
    return fmean(values), stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf


def write(played: Played, docs: Path) -> None:
    pages.write(docs / "estimates.md", COMMAND, generated(played), title="What a variant would earn")


def generated(played: Played) -> str:
    """The goals, and a table a case."""
    logs = sorted({len(figures) for figures in played.values()})
    return "\n\n".join(
        [
            f"Means over {' to '.join(f'{count:,}' for count in logs)} logs, with their standard errors.",
            table(("", "goal", "measured", ""), [_judged(goal, played) for goal in GOALS]),
            f"The joint intervals are asked to be what they say: {JOINT:.0%}, less one standard error of as many logs.",
            f"In each cell: bias, how often the {CONFIDENCE:.0%} interval held the truth, and its mean width. The "
            "bootstrap is SNIPS with the percentiles of resampled decisions.",
            *(_arms(name, played[name]) for name in CASES if name in played),
        ]
    )


def _judged(goal: Goal, played: Played) -> Sequence[str]:
    verdict = goal.verdict(played)
    bound = f"within {goal.bound:g}" if goal.near_zero else f"≥ {goal.bound:g}"
    if goal.nominal and "five" in played:
        bound += f" − {goal.error(len(played['five'])):.4f}"
    if verdict == "not played":
        return goal.what, bound, "–", verdict
    value, error = mean(played["five"], goal.figure)
    return goal.what, bound, f"{value:+.4f} ± {error:.4f}" if goal.near_zero else f"{value:.3f}", verdict


def _arms(name: str, figures: Sequence[Figures]) -> str:
    case = CASES[name]
    ways = ("bootstrap", *METHODS)
    rows = []
    for arm, truth in case.world.means.items():
        plain = f"{mean(figures, f'error sample {arm}')[0]:+.3f}"
        rows.append((f"{truth:g}", plain, *(_cell(figures, f"{way} {arm}") for way in ways)))
    joint = (f"{mean(figures, f'covered {method} all')[0]:.1%}" for method in METHODS)
    rows.append((f"all, joint {JOINT:.0%}", "", "", *joint))
    return table((case.title, "plain mean", "bootstrap", *(method.upper() for method in METHODS)), rows)


def _cell(figures: Sequence[Figures], what: str) -> str:
    bias, covered, width = (mean(figures, f"{figure} {what}")[0] for figure in ("error", "covered", "width"))
    return f"{bias:+.3f}, {covered:.1%}, {width:.2f}"
