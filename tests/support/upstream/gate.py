"""A gate that a test opens: the way this upstream waits for something without waiting for time."""

import asyncio
import threading
import time


class Gate:
    """Holds whoever waits until it is opened. Open it, and wait for it, from any thread and any event loop."""

    def __init__(self) -> None:
        self.opened_at: float | None = None
        """When it was opened, on `time.monotonic`'s clock."""
        self._changed = threading.Condition()
        self._passes = 0
        self._was_reached = False
        self._waiting: list[_Turn] = []
        self._watching: list[_Turn] = []

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def open(self) -> None:
        """Lets everyone through from now on."""
        with self._changed:
            if self.opened_at is None:
                self.opened_at = time.monotonic()
            self._wake(len(self._waiting))

    def let_through(self, count: int = 1) -> None:
        """Lets the next `count` waits through, those to come included, and stays shut behind them."""
        with self._changed:
            self._passes += count
            self._passes -= self._wake(self._passes)

    async def wait(self) -> None:
        turn = _Turn()
        with self._changed:
            self._was_reached = True
            for watcher in self._watching:
                watcher.come()
            if self._may_pass():
                return
            self._waiting.append(turn)
        try:
            await turn.coming
        finally:
            with self._changed:
                self._waiting = [waiter for waiter in self._waiting if waiter is not turn]

    async def reached(self) -> None:
        """Waits until someone stands before the gate, or went through."""
        turn = _Turn()
        with self._changed:
            if self._was_reached:
                return
            self._watching.append(turn)
        await turn.coming

    def wait_in_thread(self, timeout: float = 10.0) -> bool:
        """For code without an event loop: whether the gate was opened within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.is_open, timeout)

    def _may_pass(self) -> bool:
        if self.is_open:
            return True
        if self._passes:
            self._passes -= 1
            return True
        return False

    def _wake(self, count: int) -> int:
        """Releases up to `count` of those waiting, first come first served; says how many there were."""
        going, self._waiting = self._waiting[:count], self._waiting[count:]
        for turn in going:
            turn.come()
        self._changed.notify_all()
        return len(going)


class _Turn:
    """One wait of one task, which any thread may end."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.coming: asyncio.Future[None] = self.loop.create_future()

    def come(self) -> None:
        self.loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self.coming.done():
            self.coming.set_result(None)
