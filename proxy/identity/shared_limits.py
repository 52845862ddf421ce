"""All limits per minute of one worker, exchanged with the other workers in the background."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from proxy.identity.shared_bucket import SharedBucket
from stores.quotas import Quotas

_PATIENCE: Final = 0.05
_IDLE_AT_ONCE: Final = 200
"""Buckets without calls that are told of in one exchange: each costs the store some ten microseconds."""
_log = logging.getLogger("burnish.limits")


class SharedLimits:
    """`exchange` is called about once a second. With no `quotas` every bucket is this worker's own.

    `workers` is how many there are at least: those of this machine. `patience`: seconds that a call waits for the
    others where this worker has nothing left for it.
    """

    def __init__(
        self, quotas: Quotas | None, *, workers: int, clock: Callable[[], float], patience: float = _PATIENCE
    ) -> None:
        self.workers = workers
        self._quotas = quotas
        self._clock = clock
        self._patience = patience
        self._buckets: dict[str, SharedBucket] = {}
        self._asking: asyncio.Task[None] | None = None

    @property
    def problem(self) -> str | None:
        return self._quotas.problem if self._quotas is not None and self._buckets else None

    def bucket(self, name: str, capacity: float | None) -> SharedBucket | None:
        """The bucket of that name, which holds `capacity` from now on; None where nothing is limited any more."""
        if capacity is None:
            self._buckets.pop(name, None)
            return None
        if (found := self._buckets.get(name)) is None:
            found = self._buckets[name] = SharedBucket(capacity, self.workers)
        else:
            found.resize(capacity)
        return found

    def take(self, bucket: SharedBucket, amount: float, now: float) -> None:
        """Where little is left after it, more is asked for, and not waited for."""
        bucket.take(amount)
        if bucket.should_ask(now):
            self._ask()

    async def more(self, bucket: SharedBucket) -> None:
        """Wait, but not long, until something was granted or is known not to be had."""
        try:
            async with asyncio.timeout(self._patience):
                while bucket.wait(now := self._clock()) and bucket.should_ask(now):
                    # What is under way is for others too, and goes on when this call ends.
                    await asyncio.shield(self._ask())
        except TimeoutError:
            pass

    async def exchange(self) -> None:
        """Tell of all buckets with calls, and of some without, in turn: what those hold may be wanted elsewhere."""
        while self._asking is not None and not self._asking.done():
            await asyncio.shield(self._asking)
        if self._quotas is not None and self._buckets:
            await asyncio.shield(self._ask(idle=_IDLE_AT_ONCE))

    async def aclose(self) -> None:
        """Give back what is held."""
        if self._quotas is None:
            return
        if self._asking is not None:
            await self._asking
        if self._buckets and self.problem is None:
            await self._exchange(self._quotas, dict(self._buckets), last=True)
        await self._quotas.aclose()

    def _ask(self, *, idle: int = 0) -> "asyncio.Task[None]":
        """The exchange that is under way, or another."""
        assert self._quotas is not None, "only a bucket that was granted something has a reason to ask"
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._exchange(self._quotas, self._next(idle)))
        return self._asking

    def _next(self, idle: int) -> dict[str, SharedBucket]:
        chosen = {name: bucket for name, bucket in self._buckets.items() if bucket.has_news}
        waiting = (name for name in self._buckets if name not in chosen)
        for name in list(islice(waiting, idle)):
            # Behind the others from now on.
            chosen[name] = self._buckets[name] = self._buckets.pop(name)
        return chosen

    async def _exchange(self, quotas: Quotas, buckets: Mapping[str, SharedBucket], *, last: bool = False) -> None:
        now = self._clock()
        told = {name: bucket.ask(now) for name, bucket in buckets.items()}
        try:
            found = await quotas.exchange(told, last=last)
        except Exception as error:
            _log.error("limits per minute were not exchanged: %s: %s", type(error).__name__, error)
            found = None
        now = self._clock()
        for name, bucket in buckets.items():
            if found is None:
                bucket.refused(now)
            else:
                bucket.granted(found[name], now)
