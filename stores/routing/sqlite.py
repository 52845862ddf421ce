"""Routing state in the SQLite file that workers on one machine share."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from stores.routing import Folded, Published
from stores.routing.recent import Recent
from stores.runs import StoreBusy
from stores.sql.sqlite import create
from stores.state import StateFile

SCHEMA: Final = """
create table if not exists stuck (agent text not null, session text not null, variant text not null,
                                  at_ns integer not null, primary key (agent, session)) without rowid;
create index if not exists stuck_at on stuck (at_ns);
create table if not exists bandits (agent text primary key, cursor integer not null, state blob not null,
                                    published blob) without rowid;
"""
_STICK: Final = "insert into stuck values (?, ?, ?, ?) on conflict do nothing"
_STUCK: Final = "select variant from stuck where agent = ? and session = ?"
_FORGET: Final = "delete from stuck where at_ns < ?"

_decode_published: Final = msgspec.json.Decoder(Published).decode
_encode: Final = msgspec.json.Encoder().encode


class SqliteRouting:
    """For one worker. With `shared` a session's variant is in the file before a call goes on, as several workers need.

    Otherwise it is in memory, and in the file by the next `flush`: a process that dies within that second may give the
    session another variant, where an epoch has ended meanwhile.
    """

    def __init__(self, path: Path, *, shared: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._recent = Recent()
        self._unsaved: list[tuple[str, str, str, int]] = []
        self._file = StateFile(path, SCHEMA, "variants of sessions", synchronous="off", clock=clock)
        self._version = -1
        self._last: dict[str, Published] = {}
        self._usable = True

    @property
    def problem(self) -> str | None:
        return None if self._usable else "what variant a session has is not shared now: the state file cannot be used"

    def known(self, agent: str, session: str) -> str | None:
        return self._recent.get(agent, session)

    async def stick(self, agent: str, session: str, variant: str, now_ns: int) -> str:
        if (known := self._recent.get(agent, session)) is not None:
            return known
        row = (agent, session, variant, now_ns)
        if self._shared:
            found = self._file.attempt(lambda file: _stick(file, row), None)
            self._usable = found is not None
        else:
            found = self._file.attempt(lambda file: _stuck(file, agent, session), None)
            if found is None:
                self._unsaved.append(row)
        if found is None:
            found = variant
        self._recent.put(agent, session, found)
        return found

    async def published(self) -> Mapping[str, Published] | None:
        found = self._file.attempt(self._read, None)
        self._usable = found is not None
        return found

    async def flush(self) -> None:
        self._save()

    async def aclose(self) -> None:
        self._save(last=True)
        self._file.close()

    def _save(self, *, last: bool = False) -> None:
        unsaved = self._unsaved
        if not unsaved:
            return
        if self._file.attempt(lambda file: _stick_all(file, unsaved), False, last=last):
            self._unsaved = []

    def _read(self, file: sqlite3.Connection) -> Mapping[str, Published]:
        # It counts what other connections have committed: nothing is read again while nothing has changed.
        (version,) = file.execute("pragma data_version").fetchone()
        if version != self._version:
            rows = file.execute("select published from bandits where published is not null")
            self._last = {found.agent: found for (data,) in rows for found in (_decode_published(data),)}
            self._version = version
        return self._last


class SqliteBandits:
    """The same file for the background process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        create(path)
        with self._explaining():
            self._file = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            self._file.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + SCHEMA).close()

    def load(self, agent: str) -> Folded | None:
        with self._explaining():
            row = self._file.execute("select cursor, state from bandits where agent = ?", (agent,)).fetchone()
        return None if row is None else Folded(*row)

    def last(self, agent: str) -> Published | None:
        with self._explaining():
            row = self._file.execute("select published from bandits where agent = ?", (agent,)).fetchone()
        return None if row is None or row[0] is None else _decode_published(row[0])

    def save(self, agent: str, before: Folded | None, folded: Folded, published: Published | None) -> bool:
        new = None if published is None else _encode(published)
        with self._explaining():
            self._file.execute("begin immediate")
            try:
                row = self._file.execute("select cursor from bandits where agent = ?", (agent,)).fetchone()
                if (None if row is None else row[0]) != (None if before is None else before.cursor):
                    self._file.execute("rollback")
                    return False
                self._file.execute(
                    "insert into bandits values (?, ?, ?, ?) on conflict do update set cursor = excluded.cursor,"
                    " state = excluded.state, published = coalesce(excluded.published, published)",
                    (agent, folded.cursor, folded.state, new),
                )
                self._file.execute("commit")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("rollback")
                raise
        return True

    def forget(self, before_ns: int) -> None:
        with self._explaining():
            self._file.execute(_FORGET, (before_ns,)).close()

    def close(self) -> None:
        self._file.close()

    def _explaining(self) -> "_Explaining":
        return _Explaining(self._path)


class _Explaining:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise StoreBusy(f"{self._path}: {error}") from error


def _stick(file: sqlite3.Connection, row: tuple[str, str, str, int]) -> str:
    file.execute(_STICK, row).close()
    return _stuck(file, row[0], row[1]) or row[2]


def _stick_all(file: sqlite3.Connection, rows: list[tuple[str, str, str, int]]) -> bool:
    file.execute("begin immediate")
    file.executemany(_STICK, rows)
    return True


def _stuck(file: sqlite3.Connection, agent: str, session: str) -> str | None:
    row = file.execute(_STUCK, (agent, session)).fetchone()
    return None if row is None else str(row[0])
