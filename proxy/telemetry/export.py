"""Sends the traces in the journal to an OTLP receiver, from a place of its own in the journal.

The journal is the queue: while the receiver is away nothing is held in memory, and what it missed is sent when it comes
back. Only when it falls far behind are traces dropped, the oldest first, and counted.
"""

import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import msgspec

from proxy.record_status import ExporterStatus
from proxy.telemetry.protobuf import TraceEncoder
from proxy.telemetry.receiver import Answer, Receiver
from stores.tail import Reader, Recorded, Tail

BATCH_BYTES: Final = 2**20
"""Of the journal; the same traces take half of that as protobuf."""
LAG_BYTES: Final = 256 * 2**20
_LINGER: Final = 1.0
_SAVE_EVERY: Final = 1.0
_LAG_EVERY: Final = 5.0
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 30.0
_log = logging.getLogger("burnish.export")


class _Batch(NamedTuple):
    data: bytes
    traces: int
    cursors: Mapping[str, int]


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
        self._place = place
        self._clock = clock
        self._lag_bytes = lag_bytes
        self._encoder = TraceEncoder(body_limit)
        self._sent = _load(place, start)
        self._reader = Reader(tail, dict(self._sent))
        self._sender = _Sender(receiver, random)
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
        self._sender.put(_Batch(request.data, len(self._pending) - request.left_out, dict(self._reader.cursors)))
        self._pending = []

    def _settle(self) -> None:
        """Takes note of what the receiver answered."""
        while self._sender.settled:
            batch, answer = self._sender.settled.popleft()
            self._sent = dict(batch.cursors)
            self._unsaved = True
            if answer.accepted:
                self.status.exported += batch.traces
            else:
                self.status.dropped += batch.traces
            if answer.reason:
                _log.warning("the OTLP receiver did not take all of %d traces: %s", batch.traces, answer.reason)
        self.status.failing = self._sender.failing

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
        draft = self._place.with_suffix(".new")
        try:
            draft.write_bytes(msgspec.json.encode(known))
            os.replace(draft, self._place)
        except OSError as error:
            _log.warning("%s: cannot be saved (%s); traces may be sent twice", self._place, error.strerror)


class _Sender(threading.Thread):
    """Posts batches in order, each until the receiver has taken or refused it."""

    def __init__(self, receiver: Receiver, random: Random) -> None:
        super().__init__(name="otlp", daemon=True)
        self.settled: deque[tuple[_Batch, Answer]] = deque()
        self.failing: str | None = None
        self._receiver = receiver
        self._random = random
        self._batches: queue.Queue[_Batch | None] = queue.Queue(2)
        self._stopping = threading.Event()

    @property
    def full(self) -> bool:
        return self._batches.full()

    def put(self, batch: _Batch) -> None:
        self._batches.put(batch)

    def finish(self, deadline: float) -> None:
        """Returns when all is sent, at the deadline, or at once when nothing gets through anyway."""
        if self.failing is not None:
            deadline = 0.0
        try:
            self._batches.put(None, timeout=max(0.0, deadline - time.monotonic()))
        except queue.Full:
            pass
        else:
            self.join(max(0.0, deadline - time.monotonic()))
        self._stopping.set()
        self._receiver.close()

    def run(self) -> None:
        try:
            while (batch := self._batches.get()) is not None and (answer := self._delivered(batch)) is not None:
                self.settled.append((batch, answer))
        except Exception as error:
            self.failing = f"{type(error).__name__}: {error}"
            _log.exception("no more traces are sent until the background process is started again")

    def _delivered(self, batch: _Batch) -> Answer | None:
        """None when told to stop before the receiver decided."""
        delay = _FIRST_DELAY
        while not self._stopping.is_set():
            answer = self._receiver.post(batch.data)
            if not answer.again:
                self._working()
                return answer
            if self.failing is None:
                _log.warning("the OTLP receiver takes no traces, they wait in the journal: %s", answer.reason)
            self.failing = answer.reason
            self._stopping.wait(answer.wait if answer.wait is not None else delay * self._random.uniform(0.5, 1))
            delay = min(delay * 2, _LONGEST_DELAY)
        return None

    def _working(self) -> None:
        if self.failing is not None:
            self.failing = None
            _log.warning("the OTLP receiver takes traces again")


def _load(place: Path, start: Mapping[str, int]) -> dict[str, int]:
    try:
        return msgspec.json.decode(place.read_bytes(), type=dict[str, int])
    except FileNotFoundError:
        return dict(start)
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("%s: cannot be read (%s); exporting from here on", place, error)
        return dict(start)
