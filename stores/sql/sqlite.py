"""Runs in one SQLite file.

The background process only ever adds runs, and SQLAlchemy costs it 19 MiB, so adding speaks to `sqlite3` itself. The
first read or deletion loads the rest.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from records.run import Run
from stores.runs import PATIENCE, IndexedRuns, Position, RunFilter, RunSummary, StoreBusy, StoreError
from stores.sql.row import Batch, MessageRow, RunRow, clean, indexed

if TYPE_CHECKING:
    from stores.sql.store import SqlStore

INSERT_RUN: Final = f"INSERT INTO runs ({', '.join(RunRow._fields)}) VALUES ({', '.join('?' * len(RunRow._fields))})"
KNOWN_RUNS: Final = "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?))"
ADD_MESSAGE: Final = (
    f"INSERT INTO messages ({', '.join(MessageRow._fields)}) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (tenant, digest) DO UPDATE SET uses = uses + excluded.uses"
)
MOVE_CURSOR: Final = (
    "INSERT INTO cursors (segment, position) VALUES (?, ?)"
    " ON CONFLICT (segment) DO UPDATE SET position = excluded.position"
)
LAST_RUN: Final = "SELECT coalesce(max(seq), 0) FROM runs"
# The plus keeps it from reading along the agent's index, and sorting.
RUNS_AFTER: Final = (
    "SELECT seq, document, question FROM runs WHERE seq > :seq AND seq <= :last"
    " AND (:agent IS NULL OR +agent = :agent) ORDER BY seq LIMIT :limit"
)

_PRAGMAS: Final = (
    "foreign_keys = ON",
    # The journal survives a loss of power, and what SQLite then misses is read from it again.
    "synchronous = NORMAL",
    # 16 MiB of log between checkpoints, so that a page of an index that many runs touch is copied back once.
    "wal_autocheckpoint = 4000",
    "journal_size_limit = 33554432",
    # What is deleted is overwritten: people's words do not linger in free pages.
    "secure_delete = ON",
)


class SqliteStore:
    """A `RunStore`. One caller at a time; other processes may read and write the file meanwhile.

    `patience` is how many seconds it waits for another's lock.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self.path = path
        self.patience = patience
        self._added: sqlite3.Connection | None = None
        self._rest: SqlStore | None = None

    def put(self, runs: Sequence[Run], cursors: Mapping[str, int]) -> int:
        with self._transaction() as connection:
            new = {run.id: run for run in runs}
            for (known,) in connection.execute(KNOWN_RUNS, (json.dumps(list(new)),)).fetchall():
                del new[known]
            batch = Batch(new.values())
            connection.executemany(INSERT_RUN, batch.rows)
            connection.executemany(ADD_MESSAGE, batch.messages())
            connection.executemany(MOVE_CURSOR, cursors.items())
        return len(batch.rows)

    def cursors(self) -> dict[str, int]:
        with self._explained():
            return dict(self._connection().execute("SELECT segment, position FROM cursors"))

    def forget_cursors(self, segments: Sequence[str]) -> None:
        with self._transaction() as connection:
            connection.executemany("DELETE FROM cursors WHERE segment = ?", [(segment,) for segment in segments])

    def get(self, run_id: str) -> Run | None:
        return self._sql().get(run_id)

    def matching(self, prefix: str, limit: int = 2) -> list[str]:
        return self._sql().matching(prefix, limit)

    def find(self, which: RunFilter, limit: int = 50, after: Position | None = None) -> list[RunSummary]:
        return self._sql().find(which, limit, after)

    def after(self, seq: int, limit: int, agent: str | None = None, *, fact: str | None = None) -> IndexedRuns:
        with self._explained():
            connection = self._connection()
            ((last,),) = connection.execute(LAST_RUN).fetchall()
            wanted = {"seq": seq, "last": last, "agent": clean(agent), "limit": limit}
            rows = connection.execute(RUNS_AFTER, wanted).fetchall()
        return indexed(rows, limit, max(seq, last), fact)

    def count(self, which: RunFilter) -> int:
        return self._sql().count(which)

    def delete(self, which: RunFilter, limit: int | None = None) -> list[str]:
        deleted = self._sql().delete(which, limit)
        # Scores may be gone where no run was there.
        if deleted or which.ids or which.user is not None:
            with self._explained():
                # The log still holds what was deleted until it is written back and emptied.
                self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return deleted

    def backup(self, file: Path, progress: Callable[[int, int], None] | None = None) -> None:
        if file.exists():
            raise StoreError(f"{file} exists already; choose another name for the backup")
        part = file.with_name(f"{file.name}.part")
        create(part)
        with self._explained():
            source, target = connect(self.path), sqlite3.connect(part)
            try:
                # One snapshot for all the steps: without it each write of another process starts the copy anew.
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM alembic_version").fetchall()
                source.backup(
                    target,
                    pages=256,
                    progress=lambda _, left, total: progress(total - left, total) if progress else None,
                )
            finally:
                target.close()
                source.close()
        part.rename(file)

    def close(self) -> None:
        if self._added is not None:
            self._added.close()
            self._added = None
        if self._rest is not None:
            self._rest.close()
            self._rest = None

    def _connection(self) -> sqlite3.Connection:
        if self._added is None:
            self._added = connect(self.path, self.patience)
        return self._added

    def _sql(self) -> "SqlStore":
        if self._rest is None:
            from stores.sql.engine import sqlite_engine
            from stores.sql.store import SqlStore

            self._rest = SqlStore(sqlite_engine(self.path, self.patience), str(self.path))
        return self._rest

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explained(error, str(self.path)) from error


def connect(path: Path, patience: float = PATIENCE) -> sqlite3.Connection:
    """A connection in autocommit mode, for any thread, that waits so many seconds for another's lock."""
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def create(path: Path) -> None:
    """An empty database that its owner alone may read, unless there is one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Never opened when it is there: closing it would drop every lock that this process has on it, and another
        # process would take the log away from under a connection that writes.
        if not path.exists():
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"database {path} cannot be created: {error.strerror}") from error


def explained(error: sqlite3.Error, where: str) -> StoreError:
    """The error in plain words, with what to do."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"database {where} is locked by another process; try again when it has finished")
        case sqlite3.SQLITE_FULL:
            return StoreBusy(f"database {where}: the disk is full; free some space")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
            return StoreBusy(f"database {where} cannot be read or written: {error}")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(
                f"database {where} may not be written; check the owner and mode of the file and its folder"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(f"database {where} is damaged or not an SQLite file; restore a backup, or move it away")
        case _:
            return StoreError(f"database {where}: {error}")
