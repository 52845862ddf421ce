"""Best-arm identification: where to pull to find the best arm soonest, and when it is found.

Pulls follow the proportions of Garivier & Kaufmann (2016, theorem 5) for Bernoulli rewards at the sample's means, with
their forced exploration. Stopping goes by the pairwise generalised likelihood ratio, with a mixture in place of the
alternative's maximum, so that it holds for any rewards in [0, 1] after any number of pulls: see
`policies.bandits.evidence`.
"""

import math
from collections.abc import Sequence
from typing import Final

from policies.bandits.evidence import divergence
from policies.bandits.state import BanditState

_CLOSE: Final = 1e-9
_EXACT: Final = 1e-6
_ROUNDS: Final = 60


def winner(delta: float, state: BanditState, running: Sequence[str]) -> str | None:
    """The arm that was shown to be better than each other, if one was.

    With K arms, each regime may be wrong with a part of `delta`: K winners are possible, and each false one has to beat
    an arm that is as good. Over all regimes the parts sum to `delta`.
    """
    if len(running) < 2:
        return None
    threshold = math.log(len(running) * state.regime * (state.regime + 1) / delta)
    found = [
        name
        for name in running
        if all(state.arm(name).beats.get(other, 0.0) >= threshold for other in running if other != name)
    ]
    return found[0] if len(found) == 1 else None


def shares(means: Sequence[float], pulls: Sequence[int]) -> list[float]:
    """The best proportions, no arm's below what makes sure that each is pulled for ever."""
    k, total = len(means), sum(pulls)
    # Half of 1 / sqrt(K² + t), as in the paper's C-tracking.
    least = 0.5 / math.sqrt(k * k + total)
    wanted = proportions(means)
    return [least + (1 - k * least) * share for share in wanted]


def proportions(means: Sequence[float]) -> list[float]:
    """Of pulls, those that tell the best arm from the others soonest; alike among the best where several are."""
    k = len(means)
    if k == 1:
        return [1.0]
    # Means of 0 or 1 are a sample's, never known for sure.
    held = [min(1 - 1e-4, max(1e-4, mean)) for mean in means]
    top = max(held)
    if sum(top - mean < _CLOSE for mean in held) > 1:
        return [1 / sum(top - other < _CLOSE for other in held) if top - mean < _CLOSE else 0.0 for mean in held]
    leader = held.index(top)
    rivals = [i for i in range(k) if i != leader]
    # Every rival takes as long to tell from the leader, `cost` per pull of the leader; which cost is best is where the
    # ratios of divergences sum to 1. They grow with the cost.
    low, high = 0.0, min(divergence(top, held[i]) for i in rivals)
    ratios: dict[int, float] = {}
    for _ in range(_ROUNDS):
        cost = (low + high) / 2
        ratios = {i: _pulls(top, held[i], cost) for i in rivals}
        total = 0.0
        for i in rivals:
            middle = (top + ratios[i] * held[i]) / (1 + ratios[i])
            away = divergence(held[i], middle)
            total += divergence(top, middle) / away if away > 0 else math.inf
        low, high = (cost, high) if total < 1 else (low, cost)
        if high - low <= _EXACT * high:
            break
    whole = 1 + math.fsum(ratios.values())
    return [1 / whole if i == leader else ratios[i] / whole for i in range(k)]


def _pulls(top: float, mean: float, cost: float) -> float:
    """How often a rival has to be pulled per pull of the leader, that telling them apart is worth `cost` a pull."""

    def worth(pulls: float) -> float:
        middle = (top + pulls * mean) / (1 + pulls)
        return divergence(top, middle) + pulls * divergence(mean, middle)

    low, high = 0.0, 1.0
    while worth(high) < cost and high < 1e12:
        low, high = high, 2 * high
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) < cost else (low, middle)
        if high - low <= _EXACT * high:
            break
    return (low + high) / 2
