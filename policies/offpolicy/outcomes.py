"""What rewards were to be expected: means of what earlier sessions earned, for the doubly robust estimate.

The propensities of a log that a bandit made depend on the rewards before them. Cross-fitting by random folds would let
a later choice tell about an earlier reward; looking only back keeps the estimate unbiased however the bandit adapts.
"""

from typing import Final

import numpy as np

from policies.offpolicy.log import Flags, Floats, Ints, Weighted

_IMAGINED: Final = 1.0
"""How many rewards a wider mean counts for in the next narrower one: everything, the variant, its stratum."""


def expected(log: Weighted, start: float) -> Floats:
    """The reward to be expected by decision and variant, had it been chosen; `start` before any was seen."""
    everywhere = np.zeros_like(log.stratum)
    seen = log.answered
    everyone = _mean_before(log, everywhere, seen, np.full(len(log.session), start))
    columns = []
    for place in range(len(log.variants)):
        own = seen & (log.chosen == place)
        columns.append(_mean_before(log, log.stratum, own, _mean_before(log, everywhere, own, everyone)))
    return np.stack(columns, axis=1)


def _mean_before(log: Weighted, group: Ints, counted: Flags, wide: Floats) -> Floats:
    """The mean of the rewards `counted` in earlier sessions of a decision's own group, drawn to the `wide` mean."""
    sessions = int(log.session.max(initial=0)) + 1
    key = group * sessions + log.session
    order = np.argsort(key[counted], kind="stable")
    keys = key[counted][order]
    sums = np.concatenate([[0.0], np.cumsum(log.reward[counted][order])])
    first, here = np.searchsorted(keys, group * sessions), np.searchsorted(keys, key)
    return np.asarray((sums[here] - sums[first] + _IMAGINED * wide) / (here - first + _IMAGINED))
