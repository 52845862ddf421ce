"""What is known of critique's rates, from Beta posteriors: how often it is right to flag, and what it makes of answers.

Which flagged answers are judged, and which others, may differ; so all follows from what is told of each apart: the
share that is flagged, how many of those and of the others are right, and what became of them.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple, TypeAlias

from policies.critique.tally import Tally

_DRAWS: Final = 2_000
_PRIOR: Final = 0.5
"""Jeffreys': half a call for and half a call against."""


class Rate(NamedTuple):
    """The posterior mean, and where the rate lies."""

    value: float
    low: float
    high: float


class Rates(NamedTuple):
    """`right` is how often an answer is right before critique (p); `tpr` and `fpr` how often a wrong and a right one is
    flagged; `fix` and `breaks` how often a flagged wrong one is made right, and a flagged right one wrong. `gain` is
    (1 - p) TPR fix - p FPR break: what critique adds to the share of right answers, its price aside."""

    right: Rate
    tpr: Rate
    fpr: Rate
    fix: Rate
    breaks: Rate
    gain: Rate


class _Drawn(NamedTuple):
    """One draw from the posterior."""

    flagged: float
    right_flagged: float
    right_passed: float
    fix: float
    breaks: float


_Of: TypeAlias = Callable[[_Drawn], float]


def rates(tally: Tally, *, confidence: float = 0.95, seed: int = 0) -> Rates:
    """The same for the same tally."""
    random = Random(seed)
    drawn = [_drawn(tally, random) for _ in range(_DRAWS)]
    of: Sequence[_Of] = (
        _right,
        lambda one: _part(one.flagged * (1 - one.right_flagged), (1 - one.flagged) * (1 - one.right_passed)),
        lambda one: _part(one.flagged * one.right_flagged, (1 - one.flagged) * one.right_passed),
        lambda one: one.fix,
        lambda one: one.breaks,
        lambda one: one.flagged * ((1 - one.right_flagged) * one.fix - one.right_flagged * one.breaks),
    )
    return Rates(*(_summed([told(one) for one in drawn], confidence) for told in of))


def _drawn(tally: Tally, random: Random) -> _Drawn:
    def beta(good: float, bad: float) -> float:
        # Sums of parts may come out a hair below 0.
        return random.betavariate(max(0.0, good) + _PRIOR, max(0.0, bad) + _PRIOR)

    return _Drawn(
        flagged=beta(tally.flagged, tally.passed),
        right_flagged=beta(tally.right_flagged, tally.wrong_flagged),
        right_passed=beta(tally.right_passed, tally.wrong_passed),
        fix=beta(tally.fixed, tally.wrong_flagged - tally.fixed),
        breaks=beta(tally.broken, tally.right_flagged - tally.broken),
    )


def _right(one: _Drawn) -> float:
    return one.flagged * one.right_flagged + (1 - one.flagged) * one.right_passed


def _part(one: float, other: float) -> float:
    return one / (one + other) if one + other else 0.0


def _summed(values: list[float], confidence: float) -> Rate:
    values.sort()
    tail = round((1 - confidence) / 2 * len(values))
    return Rate(sum(values) / len(values), values[tail], values[-1 - tail])
