"""How long a call waits for its provider: for the first byte, then between bytes; never in total."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

_NOT_WAITING: Final = float("inf")


class Timers(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> "Timer": ...


class Timer(Protocol):
    def cancel(self) -> None: ...


class Waiter(Protocol):
    """What is needed of a task."""

    def cancel(self) -> bool: ...

    def cancelling(self) -> int: ...

    def uncancel(self) -> int: ...


class Patience:
    """One timer for a whole call, which looks now and then whether the wait under way has been too long.

    Waiting for a byte only notes the time, so a stream of many chunks costs no timer of its own. A pause in which
    nobody asks for the next chunk is the client's and does not count. Giving up cancels the task that waits, unless
    `on_expiry` says what to do instead.
    """

    __slots__ = ("_cancels", "_give_up", "_idle", "_loop", "_since", "_task", "_timer", "expired", "limit")

    def __init__(self, loop: Timers, task: Waiter, first_byte: float, idle: float) -> None:
        self.expired = False
        self.limit = first_byte
        """Seconds that the wait under way may take."""
        self._loop = loop
        self._task = task
        self._cancels = 0
        self._give_up: Callable[[], object] | None = None
        self._idle = idle
        self._since = now = loop.time()
        self._timer = loop.call_at(now + (first_byte if first_byte < idle else idle), self._look)

    def on_expiry(self, give_up: Callable[[], object]) -> None:
        """What ends the waits that are still to come."""
        self._give_up = give_up

    def wait(self) -> None:
        """The wait for the next bytes begins, or one of them came while others are still to."""
        self._since = self._loop.time()

    def wait_in(self, task: Waiter) -> None:
        """The same, in a task that may be another one than before."""
        self._task = task
        self._since = self._loop.time()

    def pause(self) -> None:
        """Nobody waits now."""
        self._since = _NOT_WAITING

    def got(self) -> None:
        """Bytes came; from here on only silence between bytes counts."""
        self._since = _NOT_WAITING
        self.limit = self._idle

    def ended_by(self, error: Any) -> bool:
        """Whether the wait ended because this gave up. Its cancel is then taken back, as `asyncio.timeout` does."""
        return self.expired and self._task.uncancel() <= self._cancels and isinstance(error, asyncio.CancelledError)

    def end(self) -> None:
        self._timer.cancel()
        self._give_up = None  # It mostly holds what holds this: a cycle, which would wait for the garbage collector.

    def _look(self) -> None:
        now = self._loop.time()
        since = now if self._since == _NOT_WAITING else self._since
        due = since + self.limit
        if due > now:
            self._timer = self._loop.call_at(min(due, now + self._idle), self._look)
        else:
            self.expired = True
            if self._give_up is not None:
                self._give_up()
            else:
                self._cancels = self._task.cancelling()
                self._task.cancel()
