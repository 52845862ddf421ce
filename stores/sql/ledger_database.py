"""The two databases as the ledger, insights and incidents use them: statements both read alike, parameters `:name`.

Its SQLite side needs no SQLAlchemy, which would cost every process that keeps a score 19 MiB.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from stores.sql import sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

Values: TypeAlias = Mapping[str, object]
Execute: TypeAlias = Callable[[str, Values | Sequence[Values]], list[Any]]
"""Runs a statement, once for each set of values, and returns the rows of one that was run once."""

LEDGER: Final = 0x6C6564676572  # "ledger"
INSIGHTS: Final = 0x696E7369676874  # "insight"
GUARDS: Final = 0x677561726473  # "guards"
"""PostgreSQL's advisory locks, of whoever writes to the one or the other. Who takes several takes them in the order of
insights, guards, ledger."""


class Database(Protocol):
    """Any thread may call it."""

    def reading(self) -> AbstractContextManager[Execute]: ...

    def writing(self) -> AbstractContextManager[Execute]:
        """One transaction. One writer at a time: what is committed later was also written later."""
        ...

    def any_of(self, column: str, parameter: str) -> str:
        """The condition that a column is one of several texts, given as one parameter made by `array`."""
        ...

    def array(self, texts: Sequence[str]) -> object: ...

    def scrub(self) -> None:
        """After words were deleted: no log of writes holds them any more."""
        ...

    def close(self) -> None: ...


class SqliteDatabase:
    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._file: sqlite3.Connection | None = None
        self._turn = RLock()

    @contextmanager
    def reading(self) -> Iterator[Execute]:
        with self._turn, self._explained():
            yield _executing(self._connection())

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        with self._turn, self._explained():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _executing(connection)
            except BaseException:
                connection.rollback()
                raise
            connection.execute("COMMIT")

    def any_of(self, column: str, parameter: str) -> str:
        return f"{column} IN (SELECT value FROM json_each(:{parameter}))"

    def array(self, texts: Sequence[str]) -> object:
        return json.dumps(list(texts))

    def scrub(self) -> None:
        with self.reading() as execute:
            execute("PRAGMA wal_checkpoint(TRUNCATE)", {})

    def close(self) -> None:
        with self._turn:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _connection(self) -> sqlite3.Connection:
        if self._file is None:
            self._file = sqlite.connect(self._path, self._patience)
            # Unlike runs, which the journal has as well, what is written here is nowhere else.
            self._file.execute("PRAGMA synchronous = FULL")
        return self._file

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise sqlite.explained(error, str(self._path)) from error


class PostgresqlDatabase:
    """`locks` are held by its one writer at a time."""

    def __init__(self, engine: "Engine", name: str, patience: float, *locks: int) -> None:
        self._engine = engine
        self._name = name
        self._patience = patience
        self._locks = locks

    @contextmanager
    def reading(self) -> Iterator[Execute]:
        with self._explained(), self._engine.connect() as connection:
            yield _executing_in(connection)

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        with self._explained(), self._engine.begin() as connection:
            execute = _executing_in(connection)
            execute("SELECT set_config('lock_timeout', :wait, true)", {"wait": f"{round(self._patience * 1000)}ms"})
            # Held until the transaction has become visible, which numbers drawn from a sequence do not wait for.
            for lock in self._locks:
                execute("SELECT pg_advisory_xact_lock(:lock)", {"lock": lock})
            yield execute

    def any_of(self, column: str, parameter: str) -> str:
        return f"{column} = ANY(CAST(:{parameter} AS text[]))"

    def array(self, texts: Sequence[str]) -> object:
        return list(texts)

    def scrub(self) -> None:
        """Its logs are the server's affair."""

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        from stores.sql.engine import explained

        try:
            yield
        except SQLAlchemyError as error:
            raise explained(error, self._name) from error


def _executing(connection: sqlite3.Connection) -> Execute:
    def execute(statement: str, values: Values | Sequence[Values]) -> list[Any]:
        if isinstance(values, Mapping):
            return connection.execute(statement, values).fetchall()
        connection.executemany(statement, values)
        return []

    return execute


def _executing_in(connection: "Connection") -> Execute:
    from sqlalchemy import text

    def execute(statement: str, values: Values | Sequence[Values]) -> list[Any]:
        if isinstance(values, Mapping):
            done = connection.execute(text(statement), dict(values))
            return list(done) if done.returns_rows else []
        connection.execute(text(statement), [dict(each) for each in values])
        return []

    return execute
