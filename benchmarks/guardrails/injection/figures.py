"""What a detector's scores are worth: recall, false positives and their intervals, and the order of the scores."""

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata  # type: ignore[import-untyped]  # it comes without types

_Z: Final = 1.959964
"""Of the normal distribution, for 95 %."""


class Said(NamedTuple):
    """The larger the `score`, the more of an attack."""

    score: float
    seconds: float


class Share(NamedTuple):
    """`found` of `of`, with Wilson's interval of 95 %."""

    found: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        share, spread = self.found / self.of, _Z**2 / self.of
        middle = (share + spread / 2) / (1 + spread)
        half = _Z / (1 + spread) * sqrt(share * (1 - share) / self.of + spread / self.of / 4)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.found / max(1, self.of):.1%} ({low:.1%} – {high:.1%})"


def area(attacks: Sequence[float], benign: Sequence[float]) -> float:
    """Under the receiver's curve: how often an attack scores above a benign text, a tie as half."""
    ranks: NDArray[np.float64] = rankdata([*attacks, *benign])
    first = ranks[: len(attacks)].sum() - len(attacks) * (len(attacks) + 1) / 2
    return float(first / len(attacks) / len(benign))


def threshold_at(benign: Sequence[float], rate: float) -> float:
    """The lowest threshold that takes at most that share of these for attacks."""
    allowed = int(rate * len(benign))
    return float(np.nextafter(sorted(benign, reverse=True)[allowed], np.inf))
