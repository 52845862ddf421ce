"""Worlds of arms that pay 1 with a known probability, else 0."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from policies.bandits.evidence import divergence

Means = Mapping[str, float]


@dataclass(frozen=True)
class World:
    """Each arm's mean, from the pull on that the means hold from."""

    phases: Mapping[int, Means]

    def means(self, pull: int) -> Means:
        return self.phases[max(start for start in self.phases if start <= pull)]

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(self.phases[0])

    @property
    def alike(self) -> bool:
        """Whether no arm is ever better than another."""
        return all(len(set(means.values())) == 1 for means in self.phases.values())

    @property
    def changes(self) -> tuple[int, ...]:
        return tuple(start for start in self.phases if start)


def _arms(*means: float) -> Means:
    return dict(zip("abcdefgh", means, strict=False))


_FIVE = _arms(0.50, 0.55, 0.60, 0.65, 0.75)
HORIZON = 10_000
FIVE_ARMS = World({0: _FIVE})
SWAP = World({0: _FIVE, 5_000: _arms(0.75, 0.55, 0.60, 0.65, 0.50)})
SAME = World({0: _arms(*[0.60] * 5)})
"""A/A: no arm is better than another."""


def lai_robbins(means: Means, pulls: int) -> float:
    """The regret that no policy good in all worlds can beat by much in the long run: Σ Δ / KL · ln T."""
    best = max(means.values())
    return sum((best - mean) / divergence(mean, best) for mean in means.values() if mean < best) * math.log(pulls)
