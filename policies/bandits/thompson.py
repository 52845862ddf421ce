"""Array means from what is believed of each arm, and counts how often each is the best."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.bandits.settings import Thompson
from policies.bandits.state import ArmState

Array: TypeAlias = NDArray[np.float64]


def shares(policy: Thompson, arms: Sequence[ArmState], random: np.random.Generator) -> list[float]:
    """The probability that each arm is the best."""
    return best(means(policy, arms, random, policy.draws))


def best(drawn: Array) -> list[float]:
    """How often each arm's draw is the highest."""
    wins = np.bincount(drawn.argmax(axis=1), minlength=drawn.shape[1])
    return [win / len(drawn) for win in wins.tolist()]


def means(policy: Thompson, arms: Sequence[ArmState], random: np.random.Generator, draws: int) -> Array:
    """Means of scaled rewards, drawn from the posteriors: a row a draw, a column an arm."""
    drawn = np.empty((draws, len(arms)))
    for i, arm in enumerate(arms):
        if policy.likelihood == "beta":
            drawn[:, i] = random.beta(1 + arm.total, 1 + arm.n - arm.total, draws)
        else:
            drawn[:, i] = _normal_gamma(arm, random, draws)
    return drawn


def _normal_gamma(arm: ArmState, random: np.random.Generator, draws: int) -> Array:
    """A priori there is a pull's worth of evidence: for a mean in the middle, and the variance of uniform rewards."""
    evidence = arm.n + 1
    centre = (arm.total + 0.5) / evidence
    shape = 1 + arm.n / 2
    # Squared deviations from the new centre, the prior's own included; rounding can take them below 0.
    spread = 1 / 12 + max(0.0, arm.squares + 0.25 - evidence * centre**2) / 2
    return centre + math.sqrt(spread / (shape * evidence)) * random.standard_t(2 * shape, draws)
