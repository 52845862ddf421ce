"""SQLAlchemy engines for both databases, and their errors in plain words."""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from stores.runs import PATIENCE, StoreBusy, StoreError
from stores.sql import sqlite

WRITES: Final = "writes"
"""Execution option of a connection that will write: SQLite takes its lock at the start, where it can wait for it."""


def sqlite_engine(path: Path, patience: float = PATIENCE) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), creator=lambda: _sqlite(path, patience))

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def postgresql_engine(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=2)


def explained(error: SQLAlchemyError, where: str) -> StoreError:
    """The error in plain words, with what to do."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error):
        return sqlite.explained(error.orig, where)
    told = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
    if isinstance(error, OperationalError | InterfaceError):
        return StoreBusy(f"database {where} cannot be reached or is busy: {told}")
    return StoreError(f"database {where}: {told}")


def _sqlite(path: Path, patience: float) -> sqlite3.Connection:
    connection = sqlite.connect(path, patience)
    # SQLite's own knows the letters of ASCII alone.
    connection.create_function("lower", 1, _lower, deterministic=True)
    return connection


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()
