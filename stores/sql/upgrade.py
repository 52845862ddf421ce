"""Brings a database to this version's schema.

Run as a module it reads a database's URL from standard input. So a process that goes on to run for long need not keep
in memory what only the upgrade uses.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from stores.runs import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x6275726E697368  # "burnish"


class Upgraded(NamedTuple):
    """The revisions before (None: the database was empty) and after."""

    database: str
    before: str | None
    after: str


def head() -> str:
    """The newest revision this version knows. Migrations are numbered, and their files named by the number."""
    return max(file.name[:4] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether an SQLite database needs no upgrade, found out without SQLAlchemy."""
    try:
        return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return False
        raise


def upgrade(engine: "Engine", name: str) -> Upgraded:
    """One transaction, under a lock that lets other processes wait.

    Raises `StoreError` when a newer version of Burnish wrote the database.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext

    from stores.sql.engine import WRITES

    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        _lock(connection)
        before = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before > head():
            raise StoreError(
                f"database {name} was written by a newer Burnish (schema {before}, this one knows {head()}); "
                "upgrade Burnish, or restore a backup"
            )
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        command.upgrade(config, "head")
        return Upgraded(name, before, head())


def upgrade_apart(url: str) -> None:
    """The same in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "stores.sql.upgrade"],
        input=url,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    if done.returncode:
        raise StoreError(
            done.stderr.strip().rpartition("\n")[2] or f"upgrading the database failed ({done.returncode})"
        )


def _lock(connection: "Connection") -> None:
    if connection.dialect.name == "postgresql":
        from sqlalchemy import func, select

        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def main() -> None:
    from stores.sql.opening import upgrade_at

    try:
        upgrade_at(sys.stdin.read())
    except StoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
