"""How many calls are in flight at once: a bound, a bounded queue behind it, and 429 behind that."""

import asyncio
from collections import deque

from proxy.errors import ApiError


class Admission:
    """First come, first served."""

    def __init__(self, concurrency: int, queue: int, queue_timeout: float) -> None:
        self.configure(concurrency, queue, queue_timeout)
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def configure(self, concurrency: int, queue: int, queue_timeout: float) -> None:
        self._concurrency = concurrency
        self._queue = queue
        self._timeout = queue_timeout

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def enter(self) -> None:
        """Wait for a place. Raises 429 when the queue is full or the wait too long; else `leave` must follow."""
        if self.in_flight < self._concurrency:
            self.in_flight += 1
            return
        if len(self._waiting) >= self._queue:
            raise _busy(f"{self.in_flight} calls are in flight and {len(self._waiting)} are waiting", 1)
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            # The place is handed over by `leave`, which keeps it counted.
            async with asyncio.timeout(self._timeout):
                await place
        except TimeoutError:
            if not place.cancelled():
                self.leave()
            raise _busy(f"the call waited {self._timeout:g} s in the queue", 2) from None
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()
            raise
        finally:
            if place in self._waiting:
                self._waiting.remove(place)

    def leave(self) -> None:
        while self._waiting and self.in_flight <= self._concurrency:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.in_flight -= 1


def _busy(why: str, retry_after: int) -> ApiError:
    return ApiError(
        429,
        f"Burnish is at its limit: {why}; try again soon, or raise server.concurrency",
        type="rate_limit_error",
        code="too_many_calls",
        headers={"retry-after": str(retry_after)},
    )
