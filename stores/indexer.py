"""The indexer: moves what the journal holds into the store, exactly once, whatever dies or is away meanwhile.

Runs and the place up to which the journal was read are put in one transaction, so a restart goes on where the store is.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from records import Run
from stores.runs import RunStore, StoreBusy, StoreError
from stores.tail import Block, Problem, Reader, Tail

BATCH_BYTES: Final = 2**20
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 10.0
_log = logging.getLogger("burnish.indexer")


class IndexerStatus(msgspec.Struct):
    """What the indexer did since it started."""

    indexed: int = 0
    damaged: int = 0
    """Places in the journal that no run could be read from."""
    refused: int = 0
    """Runs that the store took no way, while it took others."""
    waiting_for: str | None = None
    """Why the store takes nothing at the moment."""


class Indexer:
    """`clock` is monotonic, in seconds."""

    def __init__(self, store: RunStore, tail: Tail, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.status = IndexerStatus()
        self._store = store
        self._clock = clock
        self._reader = Reader(tail, store.cursors())
        self._delay = 0.0
        self._not_before = 0.0

    @property
    def cursors(self) -> dict[str, int]:
        """How far each segment is in the store."""
        return self._reader.cursors

    def step(self) -> bool:
        """Puts one batch, of what the tail saw at its last `refresh`. True when more may be there already."""
        if self._delay and self._clock() < self._not_before:
            return False
        blocks = self._reader.next_blocks(BATCH_BYTES)
        if not blocks:
            return False
        try:
            self.status.indexed += self._put(blocks)
        except StoreError as error:
            self._wait(error)
            return False
        self._resume()
        for block in blocks:
            self._reader.passed(block)
            self._report(block.problems)
        return sum(block.end - block.start for block in blocks) >= BATCH_BYTES

    def retry(self) -> None:
        """Ask the store again at the next step, however lately it took nothing."""
        self._not_before = self._clock()

    def _put(self, blocks: Sequence[Block]) -> int:
        runs = [recorded.run for block in blocks for recorded in block.runs]
        cursors = {block.segment: block.end for block in blocks}
        try:
            return self._store.put(runs, cursors)
        except StoreBusy:
            raise
        except Exception as error:
            new, refused = self._put_singly(runs, error)
            self._store.put((), cursors)
        for run, reason in refused:
            self.status.refused += 1
            _log.error("run %s stays in the journal alone, the store refuses it: %s", run.id, reason)
        return new

    def _put_singly(self, runs: Sequence[Run], error: Exception) -> tuple[int, list[tuple[Run, Exception]]]:
        """How many were new, and those the store refused. A store that takes none is itself in trouble."""
        new = 0
        refused: list[tuple[Run, Exception]] = []
        for run in runs:
            try:
                new += self._store.put((run,), {})
            except StoreBusy:
                raise
            except Exception as reason:
                refused.append((run, reason))
        if len(refused) == len(runs):
            raise StoreError(f"{type(error).__name__}: {error}") from error
        return new, refused

    def _wait(self, error: StoreError) -> None:
        if not self._delay:
            _log.warning("runs wait in the journal: %s", error)
        self.status.waiting_for = str(error)
        self._delay = min(_LONGEST_DELAY, self._delay * 2 or _FIRST_DELAY)
        self._not_before = self._clock() + self._delay

    def _resume(self) -> None:
        if self._delay:
            _log.warning("the store takes runs again")
            self.status.waiting_for = None
            self._delay = 0.0

    def _report(self, problems: Sequence[Problem]) -> None:
        self.status.damaged += len(problems)
        if problems:
            first = problems[0]
            more = f"; {len(problems) - 1} more places near it" if len(problems) > 1 else ""
            _log.warning(
                "journal segment %s, byte %d: passed over, no run can be read there (%s)%s",
                first.segment,
                first.offset,
                first.reason,
                more,
            )
