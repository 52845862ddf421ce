"""The few statistics a benchmark needs: percentiles, and ratios that only compare what ran side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


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
    """A median with the least and greatest value it was taken from."""

    middle: float
    least: float
    greatest: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """None when nothing was measured."""
        return cls(median(values), min(values), max(values), len(values)) if values else None


Rounds = Mapping[int, float]
"""A measure of one subject, by round."""


def spread(values: Rounds) -> Spread | None:
    """Over all rounds."""
    return Spread.of(list(values.values()))


def ratio(above: Rounds, below: Rounds) -> Spread | None:
    """Each round's value over the same round's other value: what slows a whole round cancels out."""
    return Spread.of([above[r] / below[r] for r in above if below.get(r)])


def difference(more: Rounds, less: Rounds) -> Rounds:
    """Each round's value less the same round's other value."""
    return {r: more[r] - less[r] for r in more if r in less}
