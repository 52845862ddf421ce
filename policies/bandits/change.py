"""Whether an arm's rewards are what they were: a generalised likelihood ratio over all times it may have changed.

As in GLR-klUCB (Besson, Kaufmann, Maillard & Seznec 2022), rewards before and after a candidate time may have any two
means, and are held against one mean throughout. Two things differ. Candidates are weighed by a prior and summed, each
side under a mixture of means, so the false alarm probability is bounded as it stands (see `policies.bandits.evidence`)
instead of through a union bound with constants. And rewards are kept in bins, fine for the latest and twice as coarse
with each step back: memory and time grow with the logarithm of the rewards. Leaving candidates out can only cost power.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from policies.bandits.evidence import likeliest, mixture
from policies.bandits.state import Bin

BIN: Final = 8
"""Rewards in the finest bin. Looked at each time one is full."""

_OF_A_SIZE: Final = 4


class Changed(NamedTuple):
    """The likeliest time of change, and the means (in [0, 1]) before and after."""

    since_ns: int
    before: float
    after: float


def grown(bins: tuple[Bin, ...], value: float, at_ns: int) -> tuple[Bin, ...]:
    """With one more reward."""
    if bins and bins[-1].n < BIN:
        last = bins[-1]
        return (*bins[:-1], Bin(last.n + 1, last.total + value, last.since_ns))
    return (*_merged(bins), Bin(1, value, at_ns))


def _merged(bins: tuple[Bin, ...]) -> tuple[Bin, ...]:
    """Sizes fall from the oldest to the latest; of a size with too many, the oldest two become one."""
    kept = list(bins)
    end = len(kept)
    while end:
        size = kept[end - 1].n
        start = end
        while start and kept[start - 1].n == size:
            start -= 1
        if end - start <= _OF_A_SIZE:
            break
        one, two = kept[start : start + 2]
        kept[start : start + 2] = [Bin(one.n + two.n, one.total + two.total, one.since_ns)]
        # The new one may be one too many of its own size.
        end = start + 1
    return tuple(kept)


def due(bins: Sequence[Bin]) -> bool:
    """Whether the last bin is full, so that it is time to look."""
    return len(bins) > 1 and bins[-1].n >= BIN


def changed(bins: Sequence[Bin], delta: float) -> Changed | None:
    """The change that the rewards give away, if they do so at level `delta`, over all looks together."""
    n, total = sum(bin.n for bin in bins), math.fsum(bin.total for bin in bins)
    constant = likeliest(n, total)
    seen, earned = 0, 0.0
    terms: list[float] = []
    for bin in bins[:-1]:
        seen, earned = seen + bin.n, earned + bin.total
        terms.append(_log_prior(seen) + mixture(seen, earned) + mixture(n - seen, total - earned) - constant)
    most = max(terms, default=-math.inf)
    if most <= -math.log(delta) - math.log(len(terms) or 1):
        return None
    if most + math.log(math.fsum(math.exp(term - most) for term in terms)) < -math.log(delta):
        return None
    place = terms.index(most) + 1
    seen, earned = sum(bin.n for bin in bins[:place]), math.fsum(bin.total for bin in bins[:place])
    return Changed(bins[place].since_ns, earned / seen, (total - earned) / (n - seen))


def _log_prior(seen: int) -> float:
    """Of the candidates after 1, 2, 3, ... full bins, falling as slowly as can be while all sum to 1."""
    place = seen // BIN
    return math.log(1 / math.log2(place + 1) - 1 / math.log2(place + 2))
