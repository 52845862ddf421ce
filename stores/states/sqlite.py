"""States in the SQLite file that workers on one machine share."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

import msgspec

from stores.routing import Folded
from stores.runs import StoreBusy
from stores.sql.sqlite import create
from stores.state import StateFile
from stores.states import Kind, P


class SqliteNews(Generic[P]):
    """For one worker."""

    def __init__(self, path: Path, kind: Kind[P], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind.type).decode
        self._file = StateFile(path, _schema(kind), kind.name.replace("_", " "), synchronous="off", clock=clock)
        self._version = -1
        self._last: dict[str, P] = {}

    async def published(self) -> Mapping[str, P] | None:
        return self._file.attempt(self._read, None)

    async def aclose(self) -> None:
        self._file.close()

    def _read(self, file: sqlite3.Connection) -> Mapping[str, P]:
        # It counts what other connections have committed: nothing is read again while nothing has changed.
        (version,) = file.execute("pragma data_version").fetchone()
        if version != self._version:
            rows = file.execute(f"select published from {self._kind.name}")
            self._last = {found.agent: found for (data,) in rows for found in (self._decode(data),)}
            self._version = version
        return self._last


class SqliteStates(Generic[P]):
    """The same file for the background process and the command line."""

    def __init__(self, path: Path, kind: Kind[P]) -> None:
        self._path = path
        self._kind = kind
        self._encode = msgspec.json.Encoder().encode
        create(path)
        with self._explaining():
            self._file = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            try:
                pragmas = "pragma journal_mode = wal; pragma synchronous = normal;"
                self._file.executescript(pragmas + _schema(kind)).close()
            except sqlite3.Error:
                self._file.close()
                raise

    def load(self, agent: str) -> Folded | None:
        asked = f"select cursor, state from {self._kind.name} where agent = ?"
        with self._explaining():
            row = self._file.execute(asked, (agent,)).fetchone()
        return None if row is None else Folded(*row)

    def save(self, before: Folded | None, folded: Folded, published: P) -> bool:
        agent, expected = published.agent, None if before is None else before.cursor
        table = self._kind.name
        with self._explaining():
            self._file.execute("begin immediate")
            try:
                row = self._file.execute(f"select cursor from {table} where agent = ?", (agent,)).fetchone()
                if (None if row is None else row[0]) != expected:
                    return False
                self._file.execute(
                    f"insert into {table} values (?, ?, ?, ?) on conflict do update set cursor = excluded.cursor,"
                    " state = excluded.state, published = excluded.published",
                    (agent, folded.cursor, folded.state, self._encode(published)),
                )
                self._file.execute("commit")
            finally:
                if self._file.in_transaction:
                    self._file.execute("rollback")
        return True

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreBusy(f"{self._path}: {error}") from error


def _schema(kind: Kind[P]) -> str:
    return (
        f"create table if not exists {kind.name} (agent text primary key, cursor integer not null, state blob not null,"
        " published blob not null) without rowid;"
    )
