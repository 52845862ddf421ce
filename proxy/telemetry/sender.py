"""Posts batches to an OTLP receiver in order, each until the receiver has taken or refused it."""

import logging
import queue
import threading
import time
from collections import deque
from random import Random
from typing import Final, Generic, NamedTuple, TypeVar

from proxy.record_status import ExporterStatus
from proxy.telemetry.receiver import Answer, Receiver

P = TypeVar("P")
"""How an exporter says how far it is."""

_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 30.0
_log = logging.getLogger("burnish.export")


class Batch(NamedTuple, Generic[P]):
    """A request, of how many things it tells, and how far its exporter is once it is sent."""

    data: bytes
    number: int
    place: P


class Sender(threading.Thread, Generic[P]):
    """`what` is sent, `where` it waits meanwhile: for the log."""

    def __init__(self, receiver: Receiver, random: Random, *, what: str, where: str) -> None:
        super().__init__(name=f"otlp {what}", daemon=True)
        self.failing: str | None = None
        """Why the receiver takes nothing at the moment."""
        self._receiver = receiver
        self._random = random
        self._what = what
        self._where = where
        self._batches: queue.Queue[Batch[P] | None] = queue.Queue(2)
        self._settled: deque[tuple[Batch[P], Answer]] = deque()
        self._stopping = threading.Event()

    @property
    def full(self) -> bool:
        return self._batches.full()

    def put(self, batch: Batch[P]) -> None:
        self._batches.put(batch)

    def settle(self, status: ExporterStatus) -> P | None:
        """Counts what the receiver answered since; how far the exporter is by that, None where that is as before."""
        place = None
        while self._settled:
            batch, answer = self._settled.popleft()
            place = batch.place
            if answer.accepted:
                status.exported += batch.number
            else:
                status.dropped += batch.number
            if answer.reason:
                _log.warning("the OTLP receiver did not take all of %d %s: %s", batch.number, self._what, answer.reason)
        status.failing = self.failing
        return place

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
                self._settled.append((batch, answer))
        except Exception as error:
            self.failing = f"{type(error).__name__}: {error}"
            _log.exception("no more %s are sent until the background process is started again", self._what)

    def _delivered(self, batch: Batch[P]) -> Answer | None:
        """None when told to stop before the receiver decided."""
        delay = _FIRST_DELAY
        while not self._stopping.is_set():
            answer = self._receiver.post(batch.data)
            if not answer.again:
                self._working()
                return answer
            if self.failing is None:
                _log.warning(
                    "the OTLP receiver takes no %s, they wait in the %s: %s", self._what, self._where, answer.reason
                )
            self.failing = answer.reason
            self._stopping.wait(answer.wait if answer.wait is not None else delay * self._random.uniform(0.5, 1))
            delay = min(delay * 2, _LONGEST_DELAY)
        return None

    def _working(self) -> None:
        if self.failing is not None:
            self.failing = None
            _log.warning("the OTLP receiver takes %s again", self._what)
