"""What is in a bucket that workers share, who holds how much of it, and how much a worker is granted."""

from collections.abc import Mapping
from typing import Final

import msgspec

from stores.quotas import Asked, Granted

PART: Final = 0.25
"""Of what a worker holds and what nobody holds: how much it is granted. Of n idle workers each holds 1 / (n + 3)."""
KEPT: Final = 30.0
"""Seconds after which a worker that is not heard of holds nothing any more."""


class Held(msgspec.Struct, frozen=True):
    part: float
    until: float


class Pool(msgspec.Struct, frozen=True):
    """As of `at`, in seconds of the store's clock. `level` counts what is held and not yet known to be used."""

    level: float
    at: float
    capacity: float
    held: Mapping[str, Held]


def exchange(pool: Pool | None, worker: str, asked: Asked, now: float, *, last: bool) -> tuple[Pool, Granted]:
    """The pool after this worker's exchange. None is a pool that nobody has used, or that was forgotten."""
    if pool is None:
        known = asked.capacity if asked.level is None else asked.level + asked.ago * asked.rate
        pool = Pool(min(asked.capacity, known), now, asked.capacity, {})
    # The share that is full stays the same where the limit was changed.
    level = pool.level * asked.capacity / pool.capacity
    level = min(asked.capacity, level + max(0.0, now - pool.at) * asked.rate) - asked.used
    held = {other: kept for other, kept in pool.held.items() if other != worker and kept.until > now}
    left = level - sum(kept.part for kept in held.values())
    part = 0.0 if last else granted(left, wanted=asked.wanted)
    if not last:
        held[worker] = Held(part, now + KEPT)
    return Pool(level, now, asked.capacity, held), Granted(part, level, left - part, len(held))


def granted(left: float, *, wanted: bool) -> float:
    """Less than one is of no use to a worker: it gets a whole one where it has calls, and nothing otherwise."""
    part = left * PART
    if part < 1:
        return 1.0 if wanted and left >= 1 else 0.0
    return part
