"""Responses that clients may refer to later: to go on from one, to fetch it again, to delete it.

Kept in a SQLite file beside the journal, which all workers share.
"""

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from stores.state import StateFile

SCHEMA: Final = """
create table if not exists responses (agent text not null, id text not null, user text, run_id text not null,
                                      at_ns integer not null, kept blob not null, unique (id, agent));
create index if not exists responses_user on responses (user) where user is not null;
create index if not exists responses_run on responses (run_id);
create index if not exists responses_at on responses (at_ns);
"""
_ANOTHERS: Final = "select 1 from responses where id = ? and agent <> ? limit 1"
_PUT: Final = "insert or replace into responses values (?, ?, ?, ?, ?, ?)"
_GET: Final = "select kept from responses where agent = ? and id = ?"
_DELETE: Final = "delete from responses where agent = ? and id = ?"

_IN_MEMORY: Final = 64 * 2**20
_LONGEST: Final = 1000
_LARGEST: Final = 64 * 2**20

_Key: TypeAlias = tuple[str, str]


class KeptResponse(msgspec.Struct, frozen=True, array_like=True):
    """A response as it can be referred to.

    `model` is the name in `models:` of what served it, for who goes on from it goes there again, and `asked` the ids of
    the tool calls it asked for. `input` is the JSON list of the items that its request added to those of `previous`,
    `output` the whole response document; both None where the provider keeps them itself.
    """

    id: str
    agent: str
    user: str | None
    session: str
    run_id: str
    trace_id: str
    variant: str
    model: str
    at_ns: int
    asked: tuple[str, ...] = ()
    previous: str | None = None
    input: bytes | None = None
    output: bytes | None = None

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.input or b"") + len(self.output or b"") + 1024


def responses_in(records: Path) -> Path:
    """The file within the folder of the records. Its own: what is said is large, and `state.db` is written often."""
    return records / "responses.db"


class ResponseStore:
    """Responses by agent and id, since two agents' providers may number alike.

    Each is in the file before `put` returns, and so survives this process, though maybe not a loss of power. While the
    file cannot be used, a worker has the last ones of its own in memory, and saves them as soon as it can.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic, in_memory: int = _IN_MEMORY) -> None:
        self._file = StateFile(path, SCHEMA, "responses to go on from", synchronous="off", clock=clock)
        self._unsaved = _Unsaved(in_memory)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(KeptResponse).decode

    def put(self, kept: KeptResponse) -> None:
        if self._unsaved:
            self._unsaved.put(kept)
            self._save()
            return
        row = self._row(kept)
        # A single statement is a transaction of its own, and costs less than one that is begun and ended.
        if not self._file.attempt(lambda file: _done(file.execute(_PUT, row)), False):
            self._unsaved.put(kept)

    def get(self, agent: str, id: str) -> KeptResponse | None:
        key = (agent, id)
        if key in self._unsaved:
            return self._unsaved.get(key)
        row = self._file.attempt(lambda file: file.execute(_GET, key).fetchone(), None)
        return None if row is None else self._decode(row[0])

    def is_anothers(self, agent: str, id: str) -> bool:
        """Whether it was given to another agent, and not also to this one: providers may number alike."""
        if self.get(agent, id) is not None:
            return False
        return self._file.attempt(lambda file: file.execute(_ANOTHERS, (id, agent)).fetchone(), None) is not None

    def chain(self, agent: str, id: str, *, longest: int = _LONGEST, largest: int = _LARGEST) -> list[KeptResponse]:
        """The response and those it goes on from, oldest first; empty where there is none of that id.

        Where the first one has a `previous`, the chain is not whole: what came before is deleted, was kept elsewhere,
        or would make more than `longest` responses or `largest` bytes.
        """
        found: list[KeptResponse] = []
        seen: set[str] = set()
        wanted: str | None = id
        while wanted is not None and wanted not in seen and len(found) < longest:
            kept = self.get(agent, wanted)
            if kept is None:
                break
            largest -= kept.size
            if found and largest < 0:
                break
            seen.add(wanted)
            found.append(kept)
            wanted = kept.previous
        return found[::-1]

    def delete(self, agent: str, id: str) -> bool:
        """Whether there was one. While the file cannot be used, it is deleted there as soon as it can."""
        key = (agent, id)
        if key in self._unsaved:
            known = self._unsaved.get(key) is not None
            self._unsaved.delete(key)
            self._save()
            return known
        deleted = self._file.attempt(lambda file: file.execute(_DELETE, key).rowcount, None)
        if deleted is None:
            self._unsaved.delete(key)
        return bool(deleted)

    def close(self) -> None:
        if self._unsaved:
            self._save(last=True)
        self._file.close()

    def _save(self, *, last: bool = False) -> None:
        """Bring the file up to what was done without it."""

        def work(file: sqlite3.Connection) -> bool:
            file.execute("begin immediate")
            file.executemany(_DELETE, self._unsaved.deleted)
            file.executemany(_PUT, map(self._row, self._unsaved.kept))
            return True

        if self._file.attempt(work, False, last=last):
            self._unsaved.clear()

    def _row(self, kept: KeptResponse) -> tuple[str, str, str | None, str, int, bytes]:
        return (kept.agent, kept.id, kept.user, kept.run_id, kept.at_ns, self._encode(kept))


def _done(cursor: sqlite3.Cursor) -> bool:
    cursor.close()
    return True


class _Unsaved:
    """What the file has yet to be told: responses, and deletions (None). The oldest go where it grows too large."""

    def __init__(self, capacity: int) -> None:
        self._known: OrderedDict[_Key, KeptResponse | None] = OrderedDict()
        self._capacity = capacity
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._known)

    def __contains__(self, key: _Key) -> bool:
        return key in self._known

    @property
    def kept(self) -> Iterable[KeptResponse]:
        return (kept for kept in self._known.values() if kept is not None)

    @property
    def deleted(self) -> Iterable[_Key]:
        return (key for key, kept in self._known.items() if kept is None)

    def get(self, key: _Key) -> KeptResponse | None:
        return self._known.get(key)

    def put(self, kept: KeptResponse) -> None:
        self._set((kept.agent, kept.id), kept)

    def delete(self, key: _Key) -> None:
        self._set(key, None)

    def clear(self) -> None:
        self._known.clear()
        self._size = 0

    def _set(self, key: _Key, kept: KeptResponse | None) -> None:
        self._drop(key)
        self._known[key] = kept
        self._size += _size(kept)
        while self._size > self._capacity and len(self._known) > 1:
            self._drop(next(iter(self._known)))

    def _drop(self, key: _Key) -> None:
        if key in self._known:
            self._size -= _size(self._known.pop(key))


def _size(kept: KeptResponse | None) -> int:
    return 256 if kept is None else kept.size
