"""How long a tool takes: counts in buckets that grow by a fifth each, so that any quantile is known within 10 %."""

import math
from typing import Final

import msgspec

_STEP: Final = math.log(1.2)
_LEAST: Final = 0.001
"""Seconds; all that is faster is one bucket, as is all beyond the last."""
_BUCKETS: Final = 100


class Latency(msgspec.Struct, array_like=True):
    """By bucket, how many calls took so long. 100 buckets reach from a millisecond to a day."""

    counts: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        bucket = 0 if seconds <= _LEAST else min(_BUCKETS - 1, math.ceil(math.log(seconds / _LEAST) / _STEP))
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    @property
    def calls(self) -> int:
        return sum(self.counts.values())

    def quantile(self, share: float) -> float | None:
        """Seconds, the middle of the bucket; None where no call was timed."""
        wanted = share * self.calls
        passed = 0
        for bucket in sorted(self.counts):
            passed += self.counts[bucket]
            if passed >= wanted:
                return _LEAST * math.exp(_STEP * (bucket - 0.5)) if bucket else _LEAST
        return None
