"""Tips of transcripts: where a conversation stood when an answer was given, so that its next call is recognised.

Kept in a SQLite file beside the journal where workers share them; a single worker has them in memory until it stops.
"""

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from stores.state import StateFile

_IN_MEMORY: Final = 100_000
_ANSWERS: Final = 1024
"""Answers to one question that are known at once: models that number their tool calls make all alike."""
_TWINS: Final = 63
"""Sessions that may have said just the same and are told apart; a call repeated without end is not kept more often."""
_TABLE: Final = """
create table if not exists tips (question blob not null, session text not null, answer blob not null,
                                 seen blob not null, at_ns integer not null,
                                 primary key (question, session)) without rowid
"""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The call that gave an answer, as which variant and by which configured model."""

    session: str
    run_id: str
    trace_id: str
    ended_ns: int
    asked: tuple[str, ...] = ()
    variant: str = ""
    model: str = ""


class Transcripts(Protocol):
    """Calls by a digest of the transcript up to their answer, `question`, and one of the answer itself."""

    def put(self, question: bytes, answer: bytes, seen: Seen) -> None: ...

    def take(self, question: bytes, answer: bytes, *, not_before_ns: int) -> Seen | None:
        """The call that gave this answer to this question, unless it ended before `not_before_ns`.

        Two sessions may have said the same. Each is then given out once, so that those who go on are never merged; the
        last one stays for retries. An answer that is not known, because the client has rewritten it, stands for the
        one that was given, where only one was.
        """


def _same(same: Sequence[Seen], not_before_ns: int) -> tuple[Seen | None, bool]:
    """Of the calls that gave this answer, the oldest that is not too old; and whether others gave it as well."""
    fresh = [seen for seen in same if seen.ended_ns >= not_before_ns]
    return (fresh[0], len(fresh) > 1) if fresh else (None, False)


def _only(others: Sequence[Seen], not_before_ns: int) -> Seen | None:
    """The call that gave another answer, where only one did and it is not too old."""
    return others[0] if len(others) == 1 and others[0].ended_ns >= not_before_ns else None


class MemoryTranscripts:
    """One process's own. What many sessions have in common is bounded: of the oldest, some are forgotten."""

    def __init__(self, capacity: int = _IN_MEMORY) -> None:
        self._tips: OrderedDict[bytes, dict[bytes, list[Seen]]] = OrderedDict()
        self._capacity = capacity

    def __bool__(self) -> bool:
        return bool(self._tips)

    def __contains__(self, question: bytes) -> bool:
        return question in self._tips

    def __iter__(self) -> Iterator[tuple[bytes, bytes, Seen]]:
        return (
            (question, answer, seen)
            for question, answers in self._tips.items()
            for answer, same in answers.items()
            for seen in same
        )

    def put(self, question: bytes, answer: bytes, seen: Seen) -> None:
        answers = self._tips.pop(question, None) or {}
        same = [other for other in answers.pop(answer, ()) if other.session != seen.session]
        if len(answers) == 1:
            # A session that asked again and was answered otherwise goes on from the new answer.
            answers = {said: kept for said, known in answers.items() if (kept := _without(known, seen.session))}
        elif len(answers) >= _ANSWERS:
            del answers[next(iter(answers))]
        answers[answer] = [*same[-_TWINS:], seen]
        self._tips[question] = answers
        if len(self._tips) > self._capacity:
            self._tips.popitem(last=False)

    def take(self, question: bytes, answer: bytes, *, not_before_ns: int) -> Seen | None:
        answers = self._tips.get(question)
        if answers is None:
            return None
        same = answers.get(answer)
        if same is None:
            return _only(next(iter(answers.values())), not_before_ns) if len(answers) == 1 else None
        seen, once = _same(same, not_before_ns)
        if once and seen is not None:
            same.remove(seen)
        return seen

    def forget(self, before_ns: int) -> None:
        """Drop the tips of sessions that have ended, which are the oldest."""
        while self._tips:
            answers = next(iter(self._tips.values()))
            if any(seen.ended_ns >= before_ns for same in answers.values() for seen in same):
                return
            self._tips.popitem(last=False)


def _without(known: Sequence[Seen], session: str) -> list[Seen]:
    return [seen for seen in known if seen.session != session]


class FileTranscripts:
    """Tips in a SQLite file that outlives the process.

    With `shared` every tip is in the file before `put` returns, as several workers need. Otherwise the tips are in
    memory and `close` saves those of sessions that are still open: a process that dies forgets them, and the next call
    of each such session opens a new one. While the file cannot be used, shared tips are in memory too.
    """

    def __init__(self, path: Path, *, shared: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._memory = MemoryTranscripts()
        # Tips can be lost with the machine's power and nothing breaks, so no write waits for the disk.
        self._file = StateFile(path, _TABLE, "sessions without a name", synchronous="off", clock=clock)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Seen).decode

    def put(self, question: bytes, answer: bytes, seen: Seen) -> None:
        if not self._shared:
            self._memory.put(question, answer, seen)
        elif self._file.attempt(lambda file: self._save(file, [*self._memory, (question, answer, seen)]), False):
            if self._memory:
                self._memory = MemoryTranscripts()
        else:
            self._memory.put(question, answer, seen)

    def take(self, question: bytes, answer: bytes, *, not_before_ns: int) -> Seen | None:
        if question in self._memory:
            return self._memory.take(question, answer, not_before_ns=not_before_ns)
        return self._file.attempt(lambda file: self._take(file, question, answer, not_before_ns), None)

    def forget(self, before_ns: int) -> None:
        """Drop the tips of sessions that have ended."""
        self._memory.forget(before_ns)
        self._file.attempt(lambda file: file.execute("delete from tips where at_ns < ?", (before_ns,)).close(), None)

    def close(self) -> None:
        if self._memory:
            self._file.attempt(lambda file: self._save(file, list(self._memory)), False, last=True)
        self._file.close()

    def _take(self, file: sqlite3.Connection, question: bytes, answer: bytes, not_before_ns: int) -> Seen | None:
        same = "select seen from tips where question = ? and answer = ? order by at_ns limit ?"
        found = [self._decode(data) for (data,) in file.execute(same, (question, answer, _TWINS + 1))]
        if not found:
            others = file.execute("select seen from tips where question = ? limit 2", (question,))
            return _only([self._decode(data) for (data,) in others], not_before_ns)
        seen, once = _same(found, not_before_ns)
        if once and seen is not None:
            file.execute("delete from tips where question = ? and session = ?", (question, seen.session)).close()
        return seen

    def _save(self, file: sqlite3.Connection, tips: list[tuple[bytes, bytes, Seen]]) -> bool:
        rows = [(question, seen.session, answer, self._encode(seen), seen.ended_ns) for question, answer, seen in tips]
        file.execute("begin immediate")
        file.executemany("insert or replace into tips values (?, ?, ?, ?, ?)", rows)
        return True
