"""What becomes of the record: runs go from the journal to the store, traces and scores to an OTLP receiver, and what is
old goes away."""

import logging
import os
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from proxy.config.model import Config, Records
from proxy.record_status import RecordStatus, write_status
from proxy.telemetry.exports import Exports, exports_of
from stores.erasure import expire, reading
from stores.indexer import Indexer
from stores.response_erasure import erase_responses
from stores.responses import responses_in
from stores.runs import RunFilter, RunStore, StoreError
from stores.segments import journal_in, sweep
from stores.tail import Tail

_TIDY_EVERY: Final = 60.0
_EXPIRE_AT_ONCE: Final = 500
_SAY_EVERY: Final = 2.0
_RESPONSES_KEPT: Final = 30 * 86_400.0
"""Seconds, as OpenAI keeps them: https://platform.openai.com/docs/guides/your-data."""
_log = logging.getLogger("burnish.background")


class RecordKeeper:
    """`clock` is monotonic, in seconds; `wall` in nanoseconds since the epoch."""

    def __init__(
        self,
        config: Config,
        store: RunStore,
        *,
        clock: Callable[[], float],
        wall: Callable[[], int],
        random: Random,
    ) -> None:
        self._records: Records = config.records
        self._exported_by: object = None
        self.store = store
        self._clock = clock
        self._wall = wall
        self._random = random
        self._journal = journal_in(config.records.dir)
        self._tail = Tail(self._journal, clock=wall)
        self._indexer = Indexer(store, self._tail, clock=clock)
        self._exports: Exports | None = None
        self._said = b""
        self._complaint = ""
        self._tidy_at = self._say_at = clock()
        self.use(config)

    def use(self, config: Config) -> None:
        """Exports as configured from now on; where the records are stays as it was."""
        exported_by = (config.telemetry, {name: agent.content for name, agent in config.agents.items()})
        if exported_by == self._exported_by:
            return
        self._exported_by = exported_by
        if self._exports is not None:
            self._exports.close(patience=1.0)
        start = self._indexer.cursors
        self._exports = exports_of(
            config, self._records, self._tail, start=start, clock=self._clock, random=self._random
        )

    def step(self) -> bool:
        """One look at the journal. True when there is more to do right away."""
        more = self._read()
        if self._exports is not None:
            more = self._exports.scores.step() or more
        now = self._clock()
        if now >= self._tidy_at:
            self._tidy_at = now if self._tidy() else now + _TIDY_EVERY
        if now >= self._say_at:
            self._say_at = now + _SAY_EVERY
            self._say()
        return more

    def finish(self, patience: float) -> None:
        """Works off what the journal holds; what takes longer waits there for the next start."""
        deadline = self._clock() + patience
        self._indexer.retry()
        while self.step() and self._clock() < deadline:
            pass
        if self._exports is not None:
            self._exports.close(max(1.0, deadline - self._clock()))
        self._tail.close()
        self._say()

    def _read(self) -> bool:
        try:
            with reading(self._journal):
                self._tail.refresh()
                more = self._indexer.step()
                if self._exports is not None:
                    more = self._exports.traces.step() or more
        except OSError as error:
            self._complain(f"{self._journal}: the journal cannot be read: {error.strerror}")
            return False
        self._complaint = ""
        return more

    def _tidy(self) -> bool:
        """Drops what is too old, a part at a time. True when there is more of it."""
        try:
            sweep(self._journal, self._wall())
            self._forget_responses()
            if self._records.retention is None:
                return False
            before_ns = self._wall() - int(self._records.retention * 1e9)
            gone = self.store.delete(RunFilter(until_ns=before_ns), _EXPIRE_AT_ONCE)
            if segments := expire(self._journal, before_ns, self._indexer.cursors):
                self.store.forget_cursors(segments)
        except (StoreError, OSError) as error:
            self._complain(f"what is older than records.retention stays for now: {error}")
            return False
        return len(gone) == _EXPIRE_AT_ONCE

    def _forget_responses(self) -> None:
        """Nobody goes on from a response that is older than a provider would keep it, or than the record is kept."""
        kept = min(_RESPONSES_KEPT, self._records.retention or _RESPONSES_KEPT)
        before_ns = self._wall() - int(kept * 1e9)
        erase_responses(responses_in(self._records.dir), before_ns=before_ns, patience=1.0)

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            _log.error("%s", complaint)

    def _say(self) -> None:
        exports, indexer = self._exports, self._indexer.status
        traces, scores = (exports.traces.status, exports.scores.status) if exports is not None else (None, None)
        said = msgspec.json.encode((indexer, traces, scores))
        if said == self._said:
            return
        self._said = said
        try:
            write_status(self._records.dir, RecordStatus(os.getpid(), self._wall(), indexer, traces, scores))
        except OSError as error:
            self._complain(f"{self._records.dir}: {error.strerror}")
