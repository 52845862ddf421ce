"""When to stop calling an upstream that keeps failing, and when to try it again."""

from collections.abc import Callable
from typing import Literal, TypeAlias

State: TypeAlias = Literal["closed", "open", "half_open"]
Clock: TypeAlias = Callable[[], float]
"""Seconds that only ever grow, such as `time.monotonic`."""


class Breaker:
    """Closed, it admits all calls. `failures` in a row open it for `cooldown` seconds; then one is its trial."""

    __slots__ = ("_clock", "_cooldown", "_failures", "_limit", "_opened_at", "_trial")

    def __init__(self, *, failures: int, cooldown: float, clock: Clock) -> None:
        self._limit = failures
        self._cooldown = cooldown
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._trial: Admission | None = None

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return "closed"
        return "open" if self.wait else "half_open"

    @property
    def wait(self) -> float:
        """Seconds until a trial may go: 0 unless open."""
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + self._cooldown - self._clock())

    def admit(self) -> "Admission | None":
        """Leave for one call to go; None while open, and in half-open while another call is the trial."""
        if self._opened_at is None:
            return Admission(self)
        if self._trial is not None or self.wait:
            return None
        self._trial = Admission(self)
        return self._trial

    def settle(self, admission: "Admission", succeeded: bool | None) -> None:
        """What an `Admission` came to: called by it, once."""
        if self._opened_at is not None:
            # What was under way when it opened says nothing about now: the trial alone decides.
            if admission is self._trial:
                self._trial = None
                if succeeded:
                    self._failures, self._opened_at = 0, None
                elif succeeded is False:
                    self._opened_at = self._clock()
        elif succeeded:
            self._failures = 0
        elif succeeded is False:
            self._failures += 1
            if self._failures >= self._limit:
                self._opened_at = self._clock()


class Admission:
    """Leave for one call to go. The first of its methods to be called counts."""

    __slots__ = ("_breaker",)

    def __init__(self, breaker: Breaker) -> None:
        self._breaker: Breaker | None = breaker

    def answering(self) -> None:
        """An answer began. That is enough for a trial: a stream may take minutes to end."""
        if self._breaker is not None and self._breaker.state != "closed":
            self._settle(True)

    def succeeded(self) -> None:
        """The upstream answered, be it with an error of the client's making."""
        self._settle(True)

    def failed(self) -> None:
        """The upstream could not be reached, kept silent or broke."""
        self._settle(False)

    def abandoned(self) -> None:
        """The call ended without telling anything about the upstream: its client left."""
        self._settle(None)

    def _settle(self, succeeded: bool | None) -> None:
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker.settle(self, succeeded)
