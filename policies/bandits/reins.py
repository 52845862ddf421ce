"""Holds shares between a floor and a ramp's cap, moving them as little as that allows."""

import math
from collections.abc import Mapping, Sequence
from operator import le

from policies.bandits.settings import BanditSettings, Ramp
from policies.bandits.state import ArmState


def held(shares: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[float]:
    """The shares, which sum to 1, all scaled by one factor and cut at their bounds, so that they still do.

    `low` must sum to at most 1. Where `high` sums to less, it is raised alike.
    """
    room = sum(high)
    if room < 1:
        high = [h / room for h in high]
    found = list(shares)
    if all(map(le, low, found)) and all(map(le, found, high)):
        return found
    free = list(range(len(found)))
    left = 1.0
    while free:
        total = sum(shares[i] for i in free)
        for i in free:
            # Those that got no share can still take what others may not.
            wanted = shares[i] / total if total > 0 else 1 / len(free)
            found[i] = min(max(left * wanted, low[i]), high[i])
        over = sum(found[i] for i in free) - left
        # Where the cuts add up to too much, those at their lows stay there, else those at their highs: to settle both
        # at once could go too far (so do pages lay out flexible boxes).
        settled = [i for i in free if found[i] == (low[i] if over > 0 else high[i])]
        if abs(over) < 1e-12 or not settled:
            break
        left -= sum(found[i] for i in settled)
        free = [i for i in free if i not in settled]
    whole = math.fsum(found)
    return [share / whole for share in found]


def floors(settings: BanditSettings, running: Sequence[str]) -> list[float]:
    return [min(settings.floor, 1 / len(running))] * len(running)


def caps(
    settings: BanditSettings, running: Sequence[str], arms: Sequence[ArmState], joined: Mapping[str, int], now_ns: int
) -> list[float]:
    """All for the incumbent; for any other, what the ramp allows one with its rewards that joined when it did."""
    ramp = settings.ramp
    if ramp is None or len(running) == 1:
        return [1.0] * len(running)
    low = min(settings.floor, 1 / len(running))
    return [
        1.0 if name == settings.incumbent else max(low, _cap(ramp, arm.rewards, (now_ns - joined[name]) / 1e9))
        for name, arm in zip(running, arms, strict=True)
    ]


def _cap(ramp: Ramp, rewards: int, seconds: float) -> float:
    grown = min(1.0, rewards / ramp.rewards) if ramp.rewards else 1.0
    aged = min(1.0, max(0.0, seconds) / ramp.seconds) if ramp.seconds else 1.0
    return ramp.start + (1 - ramp.start) * min(grown, aged)
