"""A call's turn at a provider: the wait for one of its slots and its first word, given up when it takes too long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from proxy.upstreams.patience import Patience

T = TypeVar("T")


class Expired(Exception):
    """Patience ran out. `admitted`: it was the provider that kept silent, not the queue before it."""

    def __init__(self, admitted: bool) -> None:
        super().__init__("the wait took too long")
        self.admitted = admitted


async def take_turn(slots: asyncio.Semaphore, patience: Patience, start: Callable[[], Awaitable[T]]) -> T:
    """What `start` gives. The slot and the timer are then the caller's to end; where this raises, they have ended."""
    task = asyncio.current_task()
    assert task is not None  # A coroutine runs in a task.
    cancels = task.cancelling()
    patience.on_expiry(task.cancel)
    admitted = False
    try:
        await slots.acquire()
        admitted = True
        return await start()
    except BaseException as error:
        patience.end()
        if admitted:
            slots.release()
        # As in asyncio.timeout: a cancel of our own is taken back, unless somebody else cancelled as well.
        if patience.expired and task.uncancel() <= cancels and isinstance(error, asyncio.CancelledError):
            raise Expired(admitted) from None
        raise
