"""Erasing kept responses together with the runs that gave them."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from stores.responses import SCHEMA
from stores.runs import PATIENCE
from stores.sql.sqlite import connect, explained

_AT_ONCE: Final = 50
"""Deleted in one transaction: calls wait for it."""


def erase_responses(
    path: Path,
    *,
    runs: Iterable[str] = (),
    user: str | None = None,
    before_ns: int | None = None,
    patience: float = PATIENCE,
) -> int:
    """Removes the responses of these runs, of this user, and from before this time; returns how many there were.

    Waits `patience` seconds for another's lock. Raises `StoreError` when the file cannot be used. It does not reach
    what a worker has in memory because it could not use the file either.
    """
    if not path.exists():
        return 0
    wanted: list[tuple[str, tuple[Any, ...]]] = [("run_id = ?", (run,)) for run in runs]
    if user is not None:
        wanted.append(("user = ?", (user,)))
    if before_ns is not None:
        wanted.append(("at_ns < ?", (before_ns,)))
    try:
        file = connect(path, patience)
        try:
            file.executescript(SCHEMA)
            erased = sum(_erase(file, condition, values) for condition, values in wanted)
            # The log still holds what was deleted until it is written back and emptied.
            file.execute("pragma wal_checkpoint(truncate)").fetchall()
        finally:
            file.close()
    except sqlite3.Error as error:
        raise explained(error, str(path)) from error
    return erased


def _erase(file: sqlite3.Connection, condition: str, values: tuple[Any, ...]) -> int:
    chosen = f"select rowid from responses where {condition} limit {_AT_ONCE}"
    erased = 0
    while (found := file.execute(f"delete from responses where rowid in ({chosen})", values).rowcount) > 0:
        erased += found
    return erased
