"""States of tools in the SQLite file that workers on one machine share."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from stores.routing import Folded
from stores.runs import StoreBusy
from stores.sql.sqlite import create
from stores.state import StateFile
from stores.tool_states import FailingTools

SCHEMA: Final = """
create table if not exists tool_states (agent text primary key, cursor integer not null, state blob not null,
                                        published blob not null) without rowid;
"""
_SAVE: Final = (
    "insert into tool_states values (?, ?, ?, ?) on conflict do update set cursor = excluded.cursor,"
    " state = excluded.state, published = excluded.published"
)

_decode: Final = msgspec.json.Decoder(FailingTools).decode
_encode: Final = msgspec.json.Encoder().encode


class SqliteToolNews:
    """For one worker."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = StateFile(path, SCHEMA, "states of tools", synchronous="off", clock=clock)
        self._version = -1
        self._last: dict[str, FailingTools] = {}

    async def failing(self) -> Mapping[str, FailingTools] | None:
        return self._file.attempt(self._read, None)

    async def aclose(self) -> None:
        self._file.close()

    def _read(self, file: sqlite3.Connection) -> Mapping[str, FailingTools]:
        # It counts what other connections have committed: nothing is read again while nothing has changed.
        (version,) = file.execute("pragma data_version").fetchone()
        if version != self._version:
            rows = file.execute("select published from tool_states")
            self._last = {found.agent: found for (data,) in rows for found in (_decode(data),)}
            self._version = version
        return self._last


class SqliteToolStates:
    """The same file for the background process and the command line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        create(path)
        with self._explaining():
            self._file = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            try:
                self._file.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + SCHEMA).close()
            except sqlite3.Error:
                self._file.close()
                raise

    def load(self, agent: str) -> Folded | None:
        with self._explaining():
            row = self._file.execute("select cursor, state from tool_states where agent = ?", (agent,)).fetchone()
        return None if row is None else Folded(*row)

    def save(self, before: Folded | None, folded: Folded, published: FailingTools) -> bool:
        agent, expected = published.agent, None if before is None else before.cursor
        with self._explaining():
            self._file.execute("begin immediate")
            try:
                row = self._file.execute("select cursor from tool_states where agent = ?", (agent,)).fetchone()
                if (None if row is None else row[0]) != expected:
                    return False
                self._file.execute(_SAVE, (agent, folded.cursor, folded.state, _encode(published)))
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
