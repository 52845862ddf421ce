"""What one worker may use of a limit per minute that all share. Time is given, in seconds."""

from typing import Final

from policies.limits import TokenBucket
from stores.quotas import Asked, Granted

_MINUTE: Final = 60.0
_ENOUGH: Final = 0.01
"""Of the bucket: what must be free for a worker that was granted all it could have to ask again before its time."""
_OFTEN: Final = 1.0
"""Seconds within which every worker exchanges, and gives back what it holds in vain."""
_SOON: Final = 0.05


class SharedBucket:
    """The part that it was granted last; while it is granted none, one of its own with an even share of the limit."""

    def __init__(self, capacity: float, workers: int) -> None:
        self._capacity = capacity
        self._at_least = workers
        self._workers = workers
        self._own: TokenBucket | None = TokenBucket(capacity / workers)
        self._granted: Granted | None = None
        self._granted_at = 0.0
        self._left = 0.0
        self._low = 0.0
        self._used = 0.0
        self._moving = 0.0
        self._wanted = False

    def wait(self, now: float) -> float:
        """Seconds until a call could be let in, as far as this worker knows; 0 when now."""
        self._wanted = True
        if self._own is not None:
            return self._own.wait(now)
        # A millionth is rounding, not a reason to wait.
        if self._left >= 1 - 1e-6:
            return 0.0
        if (missing := self._enough - self._in_all(now)) > 0:
            return max(_SOON, missing / self._rate)
        return min(_OFTEN, max(_SOON, (self._enough - self._free(now)) / self._rate))

    def take(self, amount: float) -> None:
        self._used += amount
        if self._own is not None:
            self._own.take(amount)
        else:
            self._left -= amount

    def resize(self, capacity: float) -> None:
        """Keep the share that is full."""
        if self._own is not None:
            self._own.resize(capacity / self._workers)
        self._left *= capacity / self._capacity
        self._capacity = capacity

    def should_ask(self, now: float) -> bool:
        """Whether little of its part is left, and there is enough that nobody holds."""
        return self._own is None and self._left < self._low and self._free(now) >= self._enough

    @property
    def has_news(self) -> bool:
        """Whether there were calls since it was granted something, if it ever was."""
        return self._wanted or self._used > 0 or self._granted is None

    def ask(self, now: float) -> Asked:
        """What to tell the others; `granted` or `refused` must follow."""
        self._moving, self._used, moved = self._used, 0.0, self._used
        if self._own is not None:
            # Of what it used while it was alone, the most was from what flowed into its own share meanwhile.
            moved = min(moved, max(0.0, self._share - self._own.level(now)))
        known = self._granted
        wanted, self._wanted = self._wanted, False
        return Asked(
            self._capacity, self._rate, moved, wanted, known and known.level, now - self._granted_at if known else 0.0
        )

    def granted(self, granted: Granted, now: float) -> None:
        self._granted, self._granted_at = granted, now
        self._workers = max(self._at_least, granted.workers)
        self._moving = 0.0
        self._own = None
        # Calls went on being let in meanwhile.
        self._left = granted.part - self._used
        self._low = max(1.0, granted.part / 2)

    def refused(self, now: float) -> None:
        """Nobody could be asked: go on with an even share, beginning with what is left of its part."""
        self._used += self._moving
        self._moving = 0.0
        if self._own is None:
            self._own = TokenBucket(self._share, level=self._left)
            self._own.level(now)

    @property
    def _share(self) -> float:
        return self._capacity / self._workers

    @property
    def _rate(self) -> float:
        return self._capacity / _MINUTE

    @property
    def _enough(self) -> float:
        return max(1.0, self._capacity * _ENOUGH)

    def _free(self, now: float) -> float:
        """What nobody holds, as far as it is known here; less than nothing where this worker owes more."""
        if self._granted is None:
            return 0.0
        return self._granted.free + (now - self._granted_at) * self._rate + min(0.0, self._left)

    def _in_all(self, now: float) -> float:
        if self._granted is None:
            return 0.0
        return self._granted.level + (now - self._granted_at) * self._rate - self._used
