"""How many calls may be at a provider at once; the others wait in the order in which they came."""

import asyncio
from collections import deque


class Slots:
    """`take` one or `wait` for one, and `give_back` each that was got."""

    __slots__ = ("_free", "_waiting", "count")

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Whether one was free."""
        if self._free:
            self._free -= 1
            return True
        return False

    async def wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()  # It was handed over, and nobody is there to use it.
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def give_back(self) -> None:
        """To whoever has waited longest, if anybody does."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
