"""Draws means from what is believed of each arm, and counts how often each is the best."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.bandits.settings import Thompson
from policies.bandits.state import ArmState

Draws = NDArray[np.float64]
"""A row a draw, a column an arm."""


def shares(policy: Thompson, arms: Sequence[ArmState], random: np.random.Generator) -> list[float]:
    """The probability that each arm is the best, from `policy.draws` draws."""
    drawn = means(policy, arms, random, policy.draws)
    return best(drawn)


def best(drawn: Draws) -> list[float]:
    """How often each arm's draw is the highest."""
    wins = np.bincount(drawn.argmax(axis=1), minlength=drawn.shape[1])
    return [win / len(drawn) for win in wins.tolist()]


def means(policy: Thompson, arms: Sequence[ArmState], random: np.random.Generator, draws: int) -> Draws:
    """Means of scaled rewards, drawn from the posteriors."""
    if policy.likelihood == "beta":
        won = np.array([1.0 + arm.total for arm in arms])
        missed = np.array([1.0 + arm.n - arm.total for arm in arms])
        return random.beta(won, missed, (draws, len(arms)))
    # Normal-Gamma: a priori a pull's worth of evidence for a mean in the middle and the variance of uniform rewards.
    n = np.array([arm.n for arm in arms], float)
    total = np.array([arm.total for arm in arms])
    squares = np.array([arm.squares for arm in arms])
    evidence = n + 1.0
    centre = (total + 0.5) / evidence
    shape = n / 2 + 1.0
    # The sum of squared deviations from the new centre, the prior's own included; rounding can take it below 0.
    spread = np.maximum(0.0, squares + 0.25 - evidence * centre**2) / 2 + 1 / 12
    scale = np.sqrt(spread / (shape * evidence))
    return centre + scale * random.standard_t(2 * shape, (draws, len(arms)))
