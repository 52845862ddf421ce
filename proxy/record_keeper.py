"""What becomes of the journal: its runs go to the store, its traces to an OTLP receiver, and what is old goes away."""

import logging
import os
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from proxy.config.model import Config, Records, Telemetry
from proxy.record_status import RecordStatus, write_status
from proxy.telemetry.export import Exporter
from proxy.telemetry.receiver import Receiver
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
        self._telemetry: Telemetry | None = None
        self.store = store
        self._clock = clock
        self._wall = wall
        self._random = random
        self._journal = journal_in(config.records.dir)
        self._tail = Tail(self._journal, clock=wall)
        self._indexer = Indexer(store, self._tail, clock=clock)
        self._exporter: Exporter | None = None
        self._said = b""
        self._complaint = ""
        self._tidy_at = self._say_at = clock()
        self.use(config.telemetry)

    def use(self, telemetry: Telemetry) -> None:
        """Exports as configured from now on."""
        if telemetry == self._telemetry:
            return
        self._telemetry = telemetry
        if self._exporter is not None:
            self._exporter.close(patience=1.0)
            self._exporter = None
        if telemetry.otlp is not None:
            headers = {name: value.get_secret_value() for name, value in telemetry.headers.items()}
            compress = os.environ.get("OTEL_EXPORTER_OTLP_COMPRESSION") == "gzip"
            self._exporter = Exporter(
                self._tail,
                Receiver(telemetry.otlp, headers, compress=compress),
                self._records.dir / "exported.json",
                start=self._indexer.cursors,
                body_limit=telemetry.body_limit,
                random=self._random,
                clock=self._clock,
            )

    def step(self) -> bool:
        """One look at the journal. True when there is more to do right away."""
        more = self._read()
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
        if self._exporter is not None:
            self._exporter.close(max(1.0, deadline - self._clock()))
        self._tail.close()
        self._say()

    def _read(self) -> bool:
        try:
            with reading(self._journal):
                self._tail.refresh()
                more = self._indexer.step()
                if self._exporter is not None:
                    more = self._exporter.step() or more
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
        exporter = self._exporter.status if self._exporter is not None else None
        said = msgspec.json.encode((self._indexer.status, exporter))
        if said == self._said:
            return
        self._said = said
        try:
            write_status(self._records.dir, RecordStatus(os.getpid(), self._wall(), self._indexer.status, exporter))
        except OSError as error:
            self._complain(f"{self._records.dir}: {error.strerror}")
