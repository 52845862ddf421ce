"""How long a call waits for its provider: for the first byte, then between bytes; never in total."""

from collections.abc import Callable
from typing import Final, Protocol

_NOT_WAITING: Final = float("inf")


class Timers(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> "Timer": ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> "Timer": ...


class Timer(Protocol):
    def cancel(self) -> None: ...


class Patience:
    """One timer for a whole call, which looks now and then whether the wait under way has been too long.

    Waiting for a byte only notes the time, so a stream of many chunks costs no timer of its own. A pause in which
    nobody asks for the next chunk is the client's and does not count.
    """

    __slots__ = ("_give_up", "_idle", "_limit", "_loop", "_since", "_timer", "expired")

    def __init__(self, loop: Timers, *, first_byte: float, idle: float) -> None:
        self.expired = False
        self._loop = loop
        self._limit = first_byte
        self._idle = idle
        self._give_up: Callable[[], object] | None = None
        self._since = loop.time()
        self._timer = loop.call_later(min(first_byte, idle), self._look)

    def on_expiry(self, give_up: Callable[[], object]) -> None:
        """What ends the wait that is now under way, if it takes too long."""
        self._give_up = give_up

    def wait(self) -> None:
        """The wait for the next bytes begins."""
        self._since = self._loop.time()

    def pause(self) -> None:
        """Nobody waits now."""
        self._since = _NOT_WAITING

    def got(self) -> None:
        """Bytes came; from here on only silence between bytes counts."""
        self._since = _NOT_WAITING
        self._limit = self._idle

    @property
    def limit(self) -> float:
        """Seconds that the wait under way may take."""
        return self._limit

    def end(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        since = now if self._since == _NOT_WAITING else self._since
        due = since + self._limit
        if due > now:
            self._timer = self._loop.call_at(min(due, now + self._idle), self._look)
        else:
            self.expired = True
            if self._give_up is not None:
                self._give_up()
