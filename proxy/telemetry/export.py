"""Sends the traces in the journal to an OTLP receiver, from a place of its own in the journal.

The journal is the queue: while the receiver is away nothing is held in memory, and what it missed is sent when it comes
back. Only when it falls far behind are traces dropped, the oldest first, and counted.
"""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Final

from msgspec.json import Decoder

from proxy.record_status import ExporterStatus
from proxy.telemetry.place import SavedPlace
from proxy.telemetry.protobuf import TraceEncoder
from proxy.telemetry.receiver import Receiver
from proxy.telemetry.sender import Batch, Sender
from stores.tail import Reader, Recorded, Tail

BATCH_BYTES: Final = 2**20
"""Of the journal; the same traces take half of that as protobuf."""
LAG_BYTES: Final = 256 * 2**20
_LINGER: Final = 1.0
_SAVE_EVERY: Final = 1.0
_LAG_EVERY: Final = 5.0
_log = logging.getLogger("burnish.export")


class Exporter:
    """`start` is where to begin when no place was saved in `place`. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        tail: Tail,
        receiver: Receiver,
        place: Path,
        *,
        start: Mapping[str, int],
        body_limit: int,
        random: Random,
        clock: Callable[[], float] = time.monotonic,
        lag_bytes: int = LAG_BYTES,
    ) -> None:
        self.status = ExporterStatus()
        self._tail = tail
        self._place = SavedPlace(place, Decoder(dict[str, int]), "traces")
        self._clock = clock
        self._lag_bytes = lag_bytes
        self._encoder = TraceEncoder(body_limit)
        saved = self._place.load()
        self._sent = dict(start if saved is None else saved)
        self._reader = Reader(tail, dict(self._sent))
        self._sender = Sender[dict[str, int]](receiver, random, what="traces", where="journal")
        self._pending: list[Recorded] = []
        self._pending_bytes = 0
        self._pending_since = 0.0
        self._saved_at = self._lag_at = clock()
        self._unsaved = False
        self._sender.start()

    def step(self) -> bool:
        """Takes one batch, of what the tail saw at its last `refresh`. True when more may be there already."""
        self._settle()
        now = self._clock()
        full = False
        if self._sender.full:
            self._keep_up(now)
        else:
            blocks = self._reader.next_blocks(BATCH_BYTES)
            if not self._pending:
                self._pending_bytes = 0
                self._pending_since = now
            for block in blocks:
                self._pending_bytes += block.end - block.start
                self._pending += block.runs
                self._reader.passed(block)
            full = self._pending_bytes >= BATCH_BYTES
            if self._pending and (full or now - self._pending_since >= _LINGER):
                self._flush()
        if self._unsaved and now - self._saved_at >= _SAVE_EVERY:
            self._save()
        return full

    def close(self, patience: float) -> None:
        """Sends what is pending, for as long as `patience` seconds; the rest waits in the journal."""
        deadline = time.monotonic() + patience
        if self._pending and not self._sender.full:
            self._flush()
        self._sender.finish(deadline)
        self._settle()
        self._save()

    def _flush(self) -> None:
        request = self._encoder.request(self._pending)
        self.status.dropped += request.left_out
        self._sender.put(Batch(request.data, len(self._pending) - request.left_out, dict(self._reader.cursors)))
        self._pending = []

    def _settle(self) -> None:
        """Takes note of what the receiver answered."""
        if (place := self._sender.settle(self.status)) is not None:
            self._sent = place
            self._unsaved = True

    def _keep_up(self, now: float) -> None:
        """Drops the oldest when the receiver is too far behind."""
        if now - self._lag_at < _LAG_EVERY:
            return
        self._lag_at = now
        lag = self._reader.lag()
        if lag > self._lag_bytes:
            dropped = self._reader.skip(lag - self._lag_bytes // 2)
            self.status.dropped += dropped
            _log.warning("the OTLP receiver is %d MB behind: %d traces are not sent", lag // 2**20, dropped)

    def _save(self) -> None:
        self._saved_at = self._clock()
        self._unsaved = False
        known = {segment: offset for segment, offset in self._sent.items() if segment in self._tail.segments}
        self._place.save(known)
