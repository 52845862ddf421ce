"""Tips of transcripts: what a conversation looked like after each answer, so that its next call is recognised.

Kept in a SQLite file beside the journal where workers share them; a single worker has them in memory until it stops.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import msgspec

_IN_MEMORY: Final = 100_000
_TABLE: Final = """
create table if not exists tips (tip blob not null, session text not null, seen blob not null, at_ns integer not null,
                                 primary key (tip, session)) without rowid
"""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The call that left a transcript at this tip."""

    session: str
    run_id: str
    trace_id: str
    ended_ns: int
    asked: tuple[str, ...] = ()


class Transcripts(Protocol):
    """Calls by the tip of their transcript."""

    def put(self, tip: bytes, seen: Seen) -> None: ...

    def take(self, tip: bytes, *, not_before_ns: int, alone: bool = False) -> Seen | None:
        """The call at this tip, unless it ended before `not_before_ns`.

        Two sessions may stand at the same tip, having said the same. Each is then given out once, so that those who
        go on are never merged; the last one stays for retries. With `alone` such a tip is no proof, and None is given.
        """


class MemoryTranscripts:
    """One process's own."""

    def __init__(self, capacity: int = _IN_MEMORY) -> None:
        self._seen: OrderedDict[bytes, tuple[Seen, ...]] = OrderedDict()
        self._capacity = capacity

    def __contains__(self, tip: bytes) -> bool:
        return tip in self._seen

    def __iter__(self) -> Iterator[tuple[bytes, Seen]]:
        return ((tip, seen) for tip, found in self._seen.items() for seen in found)

    def forget(self, before_ns: int) -> None:
        """Drop the tips of sessions that have ended, which are the oldest."""
        while self._seen and max(seen.ended_ns for seen in next(iter(self._seen.values()))) < before_ns:
            self._seen.popitem(last=False)

    def put(self, tip: bytes, seen: Seen) -> None:
        others = self._seen.pop(tip, ())
        if others:
            others = tuple(other for other in others if other.session != seen.session)
        self._seen[tip] = (*others, seen)
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)

    def take(self, tip: bytes, *, not_before_ns: int, alone: bool = False) -> Seen | None:
        found = self._seen.get(tip)
        if not found:
            return None
        if len(found) > 1:
            found = tuple(seen for seen in found if seen.ended_ns >= not_before_ns)
            if alone and len(found) > 1:
                return None
            if len(found) > 1:
                self._seen[tip] = found[1:]
        return found[0] if found and found[0].ended_ns >= not_before_ns else None


class FileTranscripts:
    """Tips in a SQLite file that outlives the process.

    With `shared` every tip is in the file before `put` returns, as several workers need. Otherwise the tips are in
    memory and `close` saves those of sessions that are still open: a process that dies forgets them, and the next call
    of each such session opens a new one.
    """

    def __init__(self, path: Path, *, shared: bool) -> None:
        self._memory = None if shared else MemoryTranscripts()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None, timeout=2.0, check_same_thread=False)
        # Tips can be lost with the machine's power and nothing breaks, so no write waits for the disk.
        for pragma in ("journal_mode = wal", "synchronous = off"):
            self._file.execute(f"pragma {pragma}").close()
        self._file.execute(_TABLE).close()
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Seen).decode

    def put(self, tip: bytes, seen: Seen) -> None:
        if self._memory is None:
            self._save([(tip, seen)])
        else:
            self._memory.put(tip, seen)

    def take(self, tip: bytes, *, not_before_ns: int, alone: bool = False) -> Seen | None:
        if self._memory is not None and tip in self._memory:
            return self._memory.take(tip, not_before_ns=not_before_ns, alone=alone)
        query = "select session, seen from tips where tip = ? and at_ns >= ? order by at_ns limit 2"
        rows = self._file.execute(query, (tip, not_before_ns)).fetchall()
        if not rows or (alone and len(rows) > 1):
            return None
        session, seen = rows[0]
        if len(rows) > 1:
            self._file.execute("delete from tips where tip = ? and session = ?", (tip, session)).close()
        return self._decode(seen)

    def forget(self, before_ns: int) -> None:
        """Drop the tips of sessions that have ended."""
        if self._memory is not None:
            self._memory.forget(before_ns)
        self._file.execute("delete from tips where at_ns < ?", (before_ns,)).close()

    def close(self) -> None:
        if self._memory is not None:
            self._save(list(self._memory))
        self._file.close()

    def _save(self, tips: list[tuple[bytes, Seen]]) -> None:
        rows = [(tip, seen.session, self._encode(seen), seen.ended_ns) for tip, seen in tips]
        self._file.execute("begin immediate")
        try:
            self._file.executemany("insert or replace into tips values (?, ?, ?, ?)", rows)
        finally:
            self._file.execute("commit")
