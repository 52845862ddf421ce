"""How high each arm's mean could be, and who is pulled by that."""

import math
from collections.abc import Sequence
from typing import Final

from policies.bandits.evidence import divergence
from policies.bandits.settings import Ucb
from policies.bandits.state import ArmState

_STEPS: Final = 100
"""At most so many pulls are played through an epoch."""

_NEWTON: Final = 50
_ALL: Final = 1 - 1e-9


def shares(policy: Ucb, arms: Sequence[ArmState], pending: Sequence[int]) -> list[float]:
    """What the index would pull in the epoch's `batch` pulls, were each mean to stay as it is while counts grow.

    One arm alone would get a whole epoch otherwise. `pending` pulls, whose rewards are still to come, count as pulls.
    """
    counts = [float(arm.n + waiting) for arm, waiting in zip(arms, pending, strict=True)]
    steps = min(policy.batch, _STEPS)
    pulled = [0] * len(arms)
    for _ in range(steps):
        total = sum(counts)
        indices = [_index(policy, arm.mean, n, total) for arm, n in zip(arms, counts, strict=True)]
        # Of arms as good as each other, the least pulled: a new epoch may not start with the same one for ever.
        chosen = max(range(len(arms)), key=lambda i: (indices[i], -counts[i]))
        pulled[chosen] += 1
        counts[chosen] += policy.batch / steps
    return [count / steps for count in pulled]


def _index(policy: Ucb, mean: float, n: float, total: float) -> float:
    if n == 0:
        return math.inf
    return ucb1(mean, n, total) if policy.index == "ucb1" else kl_ucb(mean, n, total)


def ucb1(mean: float, n: float, total: float) -> float:
    return mean + math.sqrt(2 * math.log(total) / n)


def kl_ucb(mean: float, n: float, total: float) -> float:
    """The highest mean that n rewards do not rule out: n · kl(mean, it) ≤ log total."""
    most = math.log(total) / n
    if mean >= _ALL:
        return 1.0
    # Newton's steps from above stay above: the divergence is convex. Pinsker's inequality says where above is.
    high = min(_ALL, mean + math.sqrt(most / 2))
    for _ in range(_NEWTON):
        over = divergence(mean, high) - most
        if over <= 1e-9:
            break
        high -= over * high * (1 - high) / (high - mean)
    return high
