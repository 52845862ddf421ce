"""The few statistics a benchmark needs: percentiles, and ratios that only compare what ran side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, interpolated between neighbours."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a percentile of no values")
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclass(frozen=True)
class Spread:
    """A median, and the quartiles that hold the middle half of the values."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """None when nothing was measured."""
        return cls(median(values), percentile(values, 0.25), percentile(values, 0.75)) if values else None


class Turn(NamedTuple):
    """When a figure was taken: all subjects go once in a turn, and several times in some rounds."""

    round: int
    lap: int


Series = Mapping[Turn, float]
"""A figure of one subject, by turn."""


def spread(values: Series) -> Spread | None:
    """Over all turns."""
    return Spread.of(list(values.values()))


def ratio(above: Series, below: Series) -> Spread | None:
    """Each value over the other of the same turn: what slows all subjects for a while cancels out."""
    return Spread.of([above[turn] / below[turn] for turn in above if below.get(turn)])


def difference(more: Series, less: Series) -> Series:
    """Each value less the other of the same turn."""
    return {turn: more[turn] - less[turn] for turn in more if turn in less}
