"""Texts embedded in micro-batches off the event loop: what comes while one batch runs makes the next.

Nothing waits for company: where nothing runs, a text is embedded at once. A batch takes less time than its texts one
after another, so a burst is through sooner.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from stores.answers import Vector
from stores.embedding import Vectors

MOST: Final = 16
"""Texts of a batch."""
_REMEMBERED: Final = 1024
"""Texts whose vectors are kept: a few MB. Agents ask some things over and over."""


class Batches:
    """`embed` embeds texts in a thread; `at_once` is how many batches may run side by side."""

    def __init__(self, embed: Callable[[Sequence[str]], Awaitable[Vectors]], *, at_once: int = 1) -> None:
        self._embed = embed
        self._at_once = at_once
        self._waiting: OrderedDict[str, asyncio.Future[Vector]] = OrderedDict()
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()

    async def vector(self, text: str) -> Vector:
        """Raises what `embed` raises. Who stops waiting takes nothing from the others."""
        if (known := self._known.get(text)) is not None:
            self._known.move_to_end(text)
            return known
        waits = self._waiting.get(text)
        if waits is None:
            waits = self._waiting[text] = asyncio.get_running_loop().create_future()
            # Whether anybody still waits for it or not.
            waits.add_done_callback(_seen)
            if len(self._running) < self._at_once:
                task = asyncio.create_task(self._run())
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return await asyncio.shield(waits)

    async def _run(self) -> None:
        while self._waiting:
            batch = [self._waiting.popitem(last=False) for _ in range(min(MOST, len(self._waiting)))]
            try:
                vectors = await self._embed([text for text, _ in batch])
            except BaseException as error:
                for _, waits in batch:
                    if isinstance(error, Exception):
                        waits.set_exception(error)
                    else:
                        waits.cancel()
                if not isinstance(error, Exception):
                    raise
                continue
            for (text, waits), vector in zip(batch, vectors, strict=True):
                self._remember(text, vector)
                waits.set_result(vector)

    def _remember(self, text: str, vector: Vector) -> None:
        # A copy: a row would keep its whole batch.
        self._known[text] = vector.copy()
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _seen(waits: asyncio.Future[Vector]) -> None:
    if not waits.cancelled():
        waits.exception()
