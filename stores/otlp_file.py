"""Runs and scores out of a file of OTLP JSON: lines or one document, plain or gzip, as a Collector or Jaeger's API
writes it.

A trace may be spread over many lines among others, so the file is read twice: first to learn where each trace ends,
then to build each one there. Memory holds the traces that are open, not the file. A score is a span of its own, which
may come days after the others of its trace and keeps no trace open.
"""

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple, TypeVar

import msgspec

from records import attributes as a
from records.evaluation import is_evaluation, scores_of
from records.otlp import decode
from records.run import Run
from records.score import Score
from records.span import Span
from records.trace import TraceError, runs_of

_GZIP: Final = b"\x1f\x8b"
_RUN: Final = msgspec.msgpack.Decoder(Run)
_SCORE: Final = msgspec.msgpack.Decoder(Score)
T = TypeVar("T", Run, Score)


class BadLine(NamedTuple):
    """Something on a line that is no run and no score; `number` counts from 1."""

    number: int
    reason: str


class OtlpFile:
    """`progress` is told the bytes read so far and in all, compressed ones for a gzip file; both readings count.

    Raises `OSError` for a file that cannot be read, broken gzip included.
    """

    def __init__(self, path: Path, progress: Callable[[int, int], None]) -> None:
        self.foreign = 0
        """Traces without any span of Burnish, known once `read` has begun."""
        self._path = path
        self._progress = progress
        self._whole = self._is_one_document()

    def read(self) -> Iterator[Run | Score | BadLine]:
        """What the file holds, bad lines as they are met. A score may come before its run."""
        last: dict[str, int] = {}
        ours: set[str] = set()
        bad: set[int] = set()
        for number, document in self._documents(part=0):
            try:
                for span in decode(document):
                    if _is_ours(span):
                        ours.add(span.trace_id.lower())
                    if not is_evaluation(span):
                        last[span.trace_id.lower()] = number
            except (TraceError, RecursionError) as error:
                bad.add(number)
                yield BadLine(number, str(error))
        self.foreign = len(last.keys() - ours)
        ends: dict[int, list[str]] = {}
        for trace, number in last.items():
            if trace in ours:
                ends.setdefault(number, []).append(trace)
        # By span id, since exporters that try again write a span twice.
        pending: dict[str, dict[str, Span]] = {trace: {} for trace in ours & last.keys()}
        for number, document in self._documents(part=1):
            if number not in bad:
                for span in decode(document):
                    if is_evaluation(span):
                        yield from _each(number, scores_of([span]), _checked_score)
                    elif (trace := span.trace_id.lower()) in pending:
                        pending[trace].setdefault(span.span_id.lower(), span)
                for trace in ends.pop(number, ()):
                    yield from _each(number, runs_of(pending.pop(trace).values()), _checked_run)

    def _documents(self, *, part: int) -> Iterator[tuple[int, bytes]]:
        size = max(1, self._path.stat().st_size)
        with self._path.open("rb") as raw, _unzipped(raw) as file:
            if self._whole:
                self._progress(part * size, 2 * size)
                yield 1, _unwrapped(file.read())
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _unwrapped(line)
                self._progress(part * size + min(raw.tell(), size), 2 * size)

    def _is_one_document(self) -> bool:
        """Whether the file is one document over several lines: its first line does not end what it begins."""
        with self._path.open("rb") as raw, _unzipped(raw) as file:
            first = next((line for line in file if line.strip()), b"")
            return not _is_json(first) and _is_json(first + file.read())


def _each(number: int, found: Iterator[T], checked: Callable[[T], T]) -> Iterator[T | BadLine]:
    while True:
        try:
            yield checked(next(found))
        except StopIteration:
            return
        except (TraceError, RecursionError) as error:
            yield BadLine(number, str(error))


def _checked_run(run: Run) -> Run:
    """The run with the type of every field checked, since anyone may have written the file."""
    if not (isinstance(run.id, str) and re.fullmatch("[0-9a-f]{32}", run.id)):
        raise TraceError(f"a run's id is 32 hex digits, not {run.id!r}")
    try:
        return _RUN.decode(msgspec.msgpack.encode(run))
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError) as error:
        raise TraceError(f"run {run.id}: {error}") from None


def _checked_score(score: Score) -> Score:
    """The score, if the ledger can hold it."""
    try:
        return _SCORE.decode(msgspec.msgpack.encode(score))
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError) as error:
        raise TraceError(f"score {score.id}: {error}") from None


def _is_ours(span: Span) -> bool:
    return a.KIND in span.attributes


def _unzipped(raw: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    magic = raw.read(len(_GZIP))
    raw.seek(0)
    return gzip.open(raw) if magic == _GZIP else raw


def _unwrapped(document: bytes) -> bytes:
    """Jaeger's API puts each document into a `result`."""
    if not document[:64].lstrip().startswith(b'{"result"'):
        return document
    try:
        return bytes(msgspec.json.decode(document, type=dict[str, msgspec.Raw])["result"])
    except msgspec.DecodeError:
        return document


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
