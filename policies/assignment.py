"""Which variant a unit is given: the inverse CDF of the epoch's probabilities at a keyed hash of the unit.

No store is asked: every worker that knows the probabilities and the secret draws the same, and the propensity is exact.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from records import Assignment

_RESOLUTION: Final = 1 << 64


def probabilities(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights as probabilities, in the order given. Raises `ValueError` where they are none."""
    total = sum(weights.values())
    if not weights or total <= 0 or min(weights.values()) < 0:
        raise ValueError("weights must not be negative, and at least one must be positive")
    return {name: weight / total for name, weight in weights.items()}


def epoch_of(policy: str, published: Mapping[str, float]) -> str:
    """A name for a fixed set of probabilities, the same wherever it is computed."""
    text = policy + "".join(f"\0{name}={p!r}" for name, p in published.items())
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def uniform(secret: bytes, agent: str, unit: str) -> float:
    """A number in [0, 1) that only the holder of `secret` can predict; the same for the same agent and unit."""
    digest = hashlib.blake2b(f"{agent}\0{unit}".encode(), key=secret[:64], digest_size=8).digest()
    return int.from_bytes(digest, "big") / _RESOLUTION


def assign(policy: str, epoch: str, published: Mapping[str, float], u: float) -> Assignment:
    """The variant at `u` (in [0, 1)) of the cumulative distribution, with its propensity."""
    eligible = tuple(name for name, p in published.items() if p > 0)
    reached = 0.0
    for name in eligible:
        reached += published[name]
        if u < reached:
            break
    # Rounding may leave the sum a hair below 1: then the last one is meant.
    return Assignment(policy, epoch, eligible, name, published[name])
