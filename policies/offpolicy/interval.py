"""Intervals around a ratio of sums over sessions: Student's t, with what was never seen imagined once.

A bandit's log has few, heavily weighted observations of a poor variant, and they may all be alike. Then the spread seen
is no guide: bootstrap or normal intervals of a variant that earns .02 held it in 35 % of the logs of 300 decisions. So
one imagined session with the least reward and one with the most, of the log's average weight, are counted with it (as
Agresti and Coull do for a proportion), and the degrees of freedom are those of the effective number of sessions.
"""

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from policies.offpolicy.log import Floats

Bounds: TypeAlias = tuple[float, float]


def effective(weight: Floats) -> float:
    """Kish's effective number of observations: as many of equal weight would tell as much."""
    squares = float(weight @ weight)
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def interval(
    top: Floats, bottom: Floats, weight: Floats, *, confidence: float, bounds: Bounds | None
) -> tuple[float, float]:
    """Where `top.sum() / bottom.sum()` lies, each entry a session; without `bounds` nothing can be imagined."""
    above, below, count = float(top.sum()), float(bottom.sum()), effective(weight)
    imagined = 0.0
    if bounds:
        imagined = float(weight @ weight) / float(weight.sum())
        above, below, count = above + imagined * sum(bounds), below + 2 * imagined, count + 2
    if count <= 1:
        return -math.inf, math.inf
    middle = above / below
    squares = float(np.square(top - middle * bottom).sum())
    squares += sum((imagined * (bound - middle)) ** 2 for bound in bounds or ())
    error = math.sqrt(squares * count / (count - 1)) / below
    reach = t_quantile((1 + confidence) / 2, count - 1) * error
    return middle - reach, middle + reach


def t_quantile(probability: float, freedom: float) -> float:
    """Student's t by the expansion of Abramowitz and Stegun, 26.7.5: within 5 % at two degrees of freedom."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))
