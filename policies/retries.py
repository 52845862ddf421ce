"""How often, and after what wait, a call that an upstream did not answer is sent again."""

from random import Random
from typing import Final

_RESERVE: Final = 10.0
"""Retries that a budget allows at once, and to an upstream that has seen few calls yet."""

_ROUNDING: Final = 1e-9
_FIRST_WAIT: Final = 0.25
LONGEST_WAIT: Final = 5.0
"""Seconds. An upstream that asks for a longer wait is not waited for: the client, or a fallback, does better."""


class RetryBudget:
    """A token bucket: each call puts `share` of a retry into it, each retry takes one out.

    In an outage most calls fail; with a share of 0.2 the upstream then sees 1.2 × its calls, not 3 ×.
    """

    __slots__ = ("_share", "_tokens")

    def __init__(self, share: float) -> None:
        self._share = share
        self._tokens = _RESERVE if share else 0.0

    def earn(self) -> None:
        """A call comes in."""
        self._tokens = min(_RESERVE, self._tokens + self._share)

    def spend(self) -> bool:
        """Whether one more retry may be made; it is then paid for."""
        if self._tokens < 1.0 - _ROUNDING:
            return False
        self._tokens -= 1.0
        return True


def backoff(retry: int, random: Random, *, asked: float | None = None) -> float:
    """Seconds before retry number `retry` (from 0): doubling, jittered, and at least what the upstream `asked`."""
    jittered = min(LONGEST_WAIT, _FIRST_WAIT * 2.0**retry) * random.uniform(0.5, 1.0)
    return max(asked or 0.0, jittered)
