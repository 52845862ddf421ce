"""Which stratum a call belongs to. On the hot path: no numpy."""

import math
from collections.abc import Mapping


def nearest(strata: Mapping[str, tuple[float, ...]], context: tuple[float, ...]) -> str:
    """The stratum whose middle lies closest; of those as close, the first."""
    return min(strata, key=lambda name: math.dist(strata[name], context))
