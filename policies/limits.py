"""How much an agent may use: calls and tokens a minute, calls in flight, money a period. Time is given, in seconds."""

import calendar
import time
from typing import Literal, TypeAlias

Period: TypeAlias = Literal["hour", "day", "month"]


class TokenBucket:
    """A bucket of `capacity` that refills whole in `per` seconds. What is taken may be known only afterwards, so the
    bucket can go below zero; then nothing is let through until it has refilled above it."""

    __slots__ = ("_capacity", "_last", "_level", "_rate")

    def __init__(self, capacity: float, per: float = 60.0, *, level: float | None = None) -> None:
        """Full, unless a `level` is given; one above the capacity is used up before anything flows in."""
        self._capacity = capacity
        self._rate = capacity / per
        self._level = capacity if level is None else level
        self._last: float | None = None

    def level(self, now: float) -> float:
        if self._last is not None:
            self._level = max(self._level, min(self._capacity, self._level + (now - self._last) * self._rate))
        self._last = now
        return self._level

    def wait(self, now: float, need: float = 1.0) -> float:
        """Seconds until `need` could be taken; 0 when now."""
        missing = min(need, self._capacity) - self.level(now)
        # A millionth is rounding, not a reason to wait.
        return missing / self._rate if missing > 1e-6 else 0.0

    def take(self, amount: float) -> None:
        self._level -= amount

    def resize(self, capacity: float, per: float = 60.0) -> None:
        """Keep the share that is full."""
        self._level *= capacity / self._capacity
        self._capacity, self._rate = capacity, capacity / per


def period_of(now: float, per: Period) -> str:
    """The calendar period, in UTC, that `now` (seconds since the epoch) lies in."""
    form = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}[per]
    return time.strftime(form, time.gmtime(now))


def seconds_left(now: float, per: Period) -> float:
    """Seconds until the next calendar period begins (UTC)."""
    t = time.gmtime(now)
    if per == "hour":
        return 3600 - now % 3600
    if per == "day":
        return 86400 - now % 86400
    year, month = (t.tm_year + 1, 1) if t.tm_mon == 12 else (t.tm_year, t.tm_mon + 1)
    return calendar.timegm((year, month, 1, 0, 0, 0)) - now
