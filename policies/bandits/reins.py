"""Holds shares between a floor and a ramp's cap, moving them as little as that allows."""

import math
from collections.abc import Mapping, Sequence

from policies.bandits.settings import BanditSettings, Ramp
from policies.bandits.state import ArmState


def held(shares: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[float]:
    """The shares, scaled by one factor and cut at their bounds, so that they sum to 1.

    Lows must sum to at most 1. Where highs sum to less, they are raised alike.
    """
    room = math.fsum(high)
    if room < 1:
        high = [h / room for h in high]
    # A share of nothing must be able to take what the others may not.
    least = 1e-12 if any(h < 1 for h in high) else 0.0
    wanted = [max(share, least) for share in shares]
    fixed: dict[int, float] = {}
    while True:
        free = [i for i in range(len(wanted)) if i not in fixed]
        left = 1 - math.fsum(fixed.values())
        total = math.fsum(wanted[i] for i in free)
        factor = left / total if total > 0 else 0.0
        below = {i: low[i] for i in free if wanted[i] * factor < low[i]}
        above = {i: high[i] for i in free if wanted[i] * factor > high[i]}
        if not below and not above:
            break
        # The larger violation is settled first; settling both at once could overshoot (as boxes are laid out on pages).
        missing = math.fsum(low[i] - wanted[i] * factor for i in below)
        excess = math.fsum(wanted[i] * factor - high[i] for i in above)
        fixed |= below if missing >= excess else above
        if len(fixed) == len(wanted):
            break
    found = [fixed[i] if i in fixed else wanted[i] * factor for i in range(len(wanted))]
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
