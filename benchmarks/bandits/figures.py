"""What the games of a case came to, and whether the bandits kept what is promised of them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from benchmarks.bandits.cases import CASES, DELTA
from benchmarks.bandits.play import Game
from benchmarks.bandits.worlds import FIVE_ARMS, HORIZON, lai_robbins
from benchmarks.stats import percentile

Games = Mapping[str, Sequence[Game]]
"""By case, a game a seed."""

BOUND = lai_robbins(FIVE_ARMS.means(0), HORIZON)


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        return cls(fmean(values), stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf)

    @classmethod
    def share(cls, cases: Sequence[bool]) -> "Estimate":
        """Of those that are true. The error is that with one more of each, as none of many is no proof of never."""
        n = len(cases)
        likely = (sum(cases) + 1) / (n + 2)
        return cls(sum(cases) / n, math.sqrt(likely * (1 - likely) / n))


def regret(games: Sequence[Game]) -> Estimate:
    """At the last pull."""
    return Estimate.of([game.regret[-1] for game in games])


def worst(games: Sequence[Game]) -> float:
    """The regret that one seed in twenty exceeds."""
    return percentile([game.regret[-1] for game in games], 0.95)


def false_alarms(case: str, games: Sequence[Game]) -> Estimate:
    """The share of seeds with a restart while nothing had changed."""
    first = min(CASES[case].world.changes, default=math.inf)
    return Estimate.share([any(pull < first for pull in game.restarts) for game in games])


def detection(case: str, games: Sequence[Game]) -> Estimate | None:
    """Pulls from the first change to the restart after it, over the seeds with one."""
    first = min(CASES[case].world.changes, default=math.inf)
    late = [[pull - first for pull in game.restarts if pull >= first] for game in games]
    found = [min(pulls) for pulls in late if pulls]
    return Estimate.of(found) if found else None


def false_winners(case: str, games: Sequence[Game]) -> Estimate:
    """The share of seeds whose winner is not better than every other arm."""
    means = CASES[case].world.means(HORIZON)
    best = [arm for arm, mean in means.items() if mean == max(means.values())]
    right = best[0] if len(best) == 1 else None
    return Estimate.share([game.winner is not None and game.winner != right for game in games])


def stopping(games: Sequence[Game]) -> Estimate | None:
    """Pulls until there is a winner, over the seeds with one."""
    found = [game.won_at for game in games if game.won_at is not None]
    return Estimate.of(found) if found else None


@dataclass(frozen=True)
class Goal:
    """A figure that may be `most` at most."""

    what: str
    cases: tuple[str, ...]
    found: Callable[[Games], Estimate]
    most: float

    def verdict(self, games: Games) -> Literal["met", "missed", "not played"]:
        if not all(case in games for case in self.cases):
            return "not played"
        return "met" if self.found(games).value <= self.most else "missed"


def _over_bound(case: str) -> Callable[[Games], Estimate]:
    def found(games: Games) -> Estimate:
        lost = regret(games[case])
        return Estimate(lost.value / BOUND, lost.error / BOUND)

    return found


def _swap(games: Games) -> Estimate:
    """Both are means over the same seeds; their errors are added up as if they were independent."""
    ours, plain = regret(games["swap"]), regret(games["swap_plain"])
    ratio = ours.value / plain.value
    return Estimate(ratio, ratio * math.hypot(ours.error / ours.value, plain.error / plain.value))


GOALS: Sequence[Goal] = (
    Goal("Thompson's regret over the Lai-Robbins bound", ("thompson",), _over_bound("thompson"), 0.7),
    Goal("the same, an epoch every 500 pulls", ("batched",), _over_bound("batched"), 1.0),
    Goal("regret after a swap: restart and floor over plain Thompson", ("swap", "swap_plain"), _swap, 0.4),
    Goal("restarts though nothing changed", ("still",), lambda games: false_alarms("still", games["still"]), 0.02),
    Goal("winners among arms alike", ("same",), lambda games: false_winners("same", games["same"]), DELTA),
)
