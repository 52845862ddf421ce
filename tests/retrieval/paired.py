"""What the same questions were worth both ways, and how sure the difference is."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple


class Gain(NamedTuple):
    """Shares of right answers, and the difference with its 95 % interval."""

    without: float
    with_it: float
    value: float
    low: float
    high: float
    questions: int

    def __str__(self) -> str:
        return (
            f"{self.questions} questions: {self.without:.1%} without, {self.with_it:.1%} with; "
            f"{100 * self.value:+.1f} points ({100 * self.low:+.1f} to {100 * self.high:+.1f})"
        )


def paired(without: Sequence[bool], with_it: Sequence[bool]) -> Gain:
    """The mean of the differences within pairs, and the normal interval of that mean."""
    differences = [after - before for before, after in zip(without, with_it, strict=True)]
    value, count = fmean(differences), len(differences)
    reach = NormalDist().inv_cdf(0.975) * stdev(differences) / math.sqrt(count)
    return Gain(fmean(without), fmean(with_it), value, value - reach, value + reach, count)
