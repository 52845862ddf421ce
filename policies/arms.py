"""Rewards of calls that chance alone sent one way or the other, kept in sums, and the difference between the ways."""

import math
from statistics import NormalDist
from typing import NamedTuple

import msgspec


class Arm(msgspec.Struct, array_like=True):
    """Sums over calls, each weighted by the inverse of its probability: of the weights, w², w y, w² y and w² y²."""

    calls: int = 0
    unrewarded: int = 0
    weight: float = 0.0
    weight2: float = 0.0
    total: float = 0.0
    total2: float = 0.0
    squares2: float = 0.0

    @property
    def mean(self) -> float | None:
        """The reward of all calls, had they all been sent this way."""
        return self.total / self.weight if self.weight else None

    def add(self, reward: float | None, probability: float) -> None:
        """One call that was sent this way with that probability; None where it has no reward."""
        if reward is None:
            self.unrewarded += 1
            return
        if probability <= 0:
            return
        weight = 1 / probability
        self.calls += 1
        self.weight += weight
        self.weight2 += weight * weight
        self.total += weight * reward
        self.total2 += weight * weight * reward
        self.squares2 += weight * weight * reward * reward

    @property
    def variance(self) -> float:
        """Of its mean; there must be two calls at least."""
        mean = self.total / self.weight
        squares = self.squares2 - 2 * mean * self.total2 + mean * mean * self.weight2
        # A variance of nothing is not believed of a few calls: two more are imagined, half a reward off.
        imagined = 0.5 * self.weight2 / self.calls
        return (max(0.0, squares) + imagined) / self.weight**2 * self.calls / (self.calls - 1)


class Difference(NamedTuple):
    """`value` is what being sent the one way adds to the reward, on average, between `low` and `high`."""

    value: float
    low: float
    high: float


def difference(one: Arm, other: Arm, *, confidence: float = 0.95) -> Difference | None:
    """By Hájek's estimator; None where there are too few calls to tell."""
    if one.calls < 2 or other.calls < 2:
        return None
    value = one.total / one.weight - other.total / other.weight
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(one.variance + other.variance)
    return Difference(value, value - reach, value + reach)
