"""Sends the scores in the ledger to an OTLP receiver, each as a span in the trace of its run.

The ledger is the queue: a place in it says how far the receiver has agreed. Scores may be kept before the run that they
are about is in the store, and wait for it.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from msgspec.json import Decoder

from proxy.record_status import ExporterStatus
from proxy.telemetry.place import SavedPlace
from proxy.telemetry.protobuf import TraceEncoder
from proxy.telemetry.receiver import Receiver
from proxy.telemetry.sender import Batch, Sender
from records import JsonValue
from records.evaluation import Evaluated, evaluation_span
from records.score import Score
from records.span import Span
from stores.known import KnownRuns, open_known_runs
from stores.ledger import Ledger, open_ledger
from stores.runs import StoreError

AT_ONCE: Final = 500
"""Scores in a request, and scores that may wait for their runs."""
PATIENCE: Final = 60.0
"""Seconds that a score waits for its run to be stored."""
_EVERY: Final = 1.0
_LONGEST_DELAY: Final = 30.0
_STORE_PATIENCE: Final = 1.0
_log = logging.getLogger("burnish.export")


class _Stores(NamedTuple):
    ledger: Ledger
    known: KnownRuns


class _Waiting(NamedTuple):
    score: Score
    since: float


class _Told(NamedTuple):
    """A score, and the runs in whose traces it is told: both of a pair."""

    score: Score
    runs: Sequence[Evaluated]


class ScoreExporter:
    """`url` is that of the ledger, `shown` what may be told of a score. `clock` is monotonic, in seconds.

    `start` is where to begin when no place was saved in `place`: None for the scores to come.
    """

    def __init__(
        self,
        url: str,
        receiver: Receiver,
        place: Path,
        *,
        start: int | None,
        resource: Mapping[str, JsonValue],
        shown: Callable[[Score], Score],
        body_limit: int,
        random: Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.status = ExporterStatus()
        self._url = url
        self._place = SavedPlace(place, Decoder(int), "scores")
        self._start = start
        self._resource = resource
        self._shown = shown
        self._clock = clock
        self._encoder = TraceEncoder(body_limit)
        self._sender = Sender[int](receiver, random, what="scores", where="ledger")
        self._stores: _Stores | None = None
        self._closing = ExitStack()
        self._read = 0
        self._waiting: dict[int, _Waiting] = {}
        self._next_at = clock()
        self._delay = 0.0
        self._trouble: str | None = None
        self._sender.start()

    def step(self) -> bool:
        """Once a second, takes what is new. True when there may be more right away."""
        self._settle()
        now = self._clock()
        if now < self._next_at:
            return False
        more = self._take(now)
        self._next_at = now if more else now + (self._delay or _EVERY)
        return more

    def close(self, patience: float) -> None:
        """Sends what is there, for as long as `patience` seconds; the rest waits in the ledger."""
        deadline = time.monotonic() + patience
        if self._stores is not None and self._trouble is None:
            while self._take(self._clock()) and time.monotonic() < deadline:
                pass
        self._sender.finish(deadline)
        self._settle()
        self._closing.close()

    def _take(self, now: float) -> bool:
        """Reads a page and gives the sender what can be told by now. True when there may be more."""
        if self._sender.full:
            return False
        room = AT_ONCE - len(self._waiting)
        try:
            ledger, known = self._opened()
            page = ledger.scores_after(self._read, room)
            # Of a case there is no trace.
            new = {seq: _Waiting(score, now) for seq, score in page if score.kind != "case"}
            waiting = {**self._waiting, **new}
            found = known.traced([run for each in waiting.values() for run in _runs(each.score)]) if waiting else {}
        except Exception as error:
            # The same process keeps the record: it may not end over what the ledger holds.
            self._wait(error)
            return False
        self._resume()
        self._waiting = waiting
        if page:
            self._read = page[-1].seq
        self._send(self._told(found, now))
        return bool(page) and len(page) == room

    def _told(self, found: Mapping[str, Evaluated], now: float) -> list[_Told]:
        """Those that need not wait any longer."""
        told = []
        for seq, (score, since) in list(self._waiting.items()):
            runs = [found[run] for run in _runs(score) if run in found]
            if len(runs) == len(_runs(score)) or now - since >= PATIENCE:
                del self._waiting[seq]
                told.append(_Told(score, runs))
        return told

    def _send(self, told: Sequence[_Told]) -> None:
        traced = [_Told(self._shown(score), runs) for score, runs in told if runs]
        if lost := len(told) - len(traced):
            self.status.dropped += lost
            _log.warning("%d scores are not sent: their runs are not in the store", lost)
        if traced:
            request = self._encoder.request_of([(each, self._resource) for each in traced], _spans)
            self.status.dropped += request.left_out
            # Who waits is read again after a restart.
            place = min(self._waiting) - 1 if self._waiting else self._read
            self._sender.put(Batch(request.data, len(traced) - request.left_out, place))

    def _settle(self) -> None:
        """Takes note of what the receiver answered."""
        if (place := self._sender.settle(self.status)) is not None:
            self._place.save(place)
        self.status.failing = self.status.failing or self._trouble

    def _opened(self) -> _Stores:
        if self._stores is None:
            with ExitStack() as opening:
                ledger = open_ledger(self._url, patience=_STORE_PATIENCE)
                opening.callback(ledger.close)
                known = open_known_runs(self._url, patience=_STORE_PATIENCE)
                opening.callback(known.close)
                saved, last = self._place.load(), ledger.last_score()
                # A ledger that was made anew counts from 1 again.
                begin = self._start if saved is None else saved
                self._read = last if begin is None else min(begin, last)
                self._closing = opening.pop_all()
            self._place.save(self._read)
            self._stores = _Stores(ledger, known)
        return self._stores

    def _wait(self, error: Exception) -> None:
        told = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
        if self._trouble is None:
            _log.warning("scores wait in the ledger: %s", told)
        self._trouble = told
        self._delay = min(_LONGEST_DELAY, self._delay * 2 or _EVERY)

    def _resume(self) -> None:
        if self._trouble is not None:
            _log.warning("the ledger tells scores again")
            self._trouble = None
            self._delay = 0.0


def _runs(score: Score) -> tuple[str, ...]:
    return (score.subject,) if score.against is None else (score.subject, score.against)


def _spans(told: _Told) -> list[Span]:
    return [evaluation_span(told.score, run) for run in told.runs]
