"""Shared limits in the SQLite file of the workers of one machine."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from stores.quotas import Asked, Granted
from stores.quotas.pool import Pool, exchange
from stores.state import StateFile

_TABLE: Final = "create table if not exists quotas (name text primary key, pool blob not null) without rowid"
_READ: Final = "select pool from quotas where name = ?"
_WRITE: Final = "insert or replace into quotas values (?, ?)"

_decode: Final = msgspec.json.Decoder(Pool).decode
_encode: Final = msgspec.json.Encoder().encode


class SqliteQuotas:
    """For one worker, by a name that no other has."""

    def __init__(self, path: Path, worker: str, *, clock: Callable[[], float] = time.time) -> None:
        self._worker = worker
        self._clock = clock
        self._file = StateFile(path, _TABLE, "limits per minute", synchronous="off")
        self._usable = True

    @property
    def problem(self) -> str | None:
        if self._usable:
            return None
        return "limits per minute are divided evenly among workers: the state file cannot be used"

    async def exchange(self, asked: Mapping[str, Asked], *, last: bool = False) -> Mapping[str, Granted] | None:
        found = self._file.attempt(lambda file: self._exchange(file, asked, last), None, last=last)
        self._usable = found is not None
        return found

    async def aclose(self) -> None:
        self._file.close()

    def _exchange(self, file: sqlite3.Connection, asked: Mapping[str, Asked], last: bool) -> Mapping[str, Granted]:
        file.execute("begin immediate")
        now = self._clock()
        found = {}
        for name, each in asked.items():
            row = file.execute(_READ, (name,)).fetchone()
            pool, found[name] = exchange(_decode(row[0]) if row else None, self._worker, each, now, last=last)
            file.execute(_WRITE, (name, _encode(pool)))
        return found
