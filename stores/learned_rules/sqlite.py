"""Learned rules in the SQLite file that workers on one machine share."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from records.guard import SignedPolicy
from stores.runs import StoreBusy
from stores.sql.sqlite import create
from stores.state import StateFile

SCHEMA: Final = "create table if not exists learned_rules (agent text primary key, published blob) without rowid;"
_PUBLISH: Final = (
    "insert into learned_rules values (?, ?) on conflict do update set published = excluded.published"
    " where published is not excluded.published"
)

_decode: Final = msgspec.msgpack.Decoder(SignedPolicy).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class SqliteRuleNews:
    """For one worker."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = StateFile(path, SCHEMA, "learned rules", synchronous="off", clock=clock)
        self._version = -1
        self._last: dict[str, SignedPolicy] = {}

    async def rules(self) -> Mapping[str, SignedPolicy] | None:
        return self._file.attempt(self._read, None)

    async def aclose(self) -> None:
        self._file.close()

    def _read(self, file: sqlite3.Connection) -> Mapping[str, SignedPolicy]:
        # It counts what other connections have committed: nothing is read again while nothing has changed.
        (version,) = file.execute("pragma data_version").fetchone()
        if version != self._version:
            rows = file.execute("select published from learned_rules")
            self._last = {found.agent: found for (data,) in rows for found in (_decode(data),)}
            self._version = version
        return self._last


class SqliteRulePublisher:
    """The same file for the background process."""

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

    def publish(self, policies: Sequence[SignedPolicy]) -> None:
        if not policies:
            return
        with self._explaining():
            self._file.execute("begin immediate")
            try:
                self._file.executemany(_PUBLISH, [(policy.agent, _encode(policy)) for policy in policies])
                self._file.execute("commit")
            finally:
                if self._file.in_transaction:
                    self._file.execute("rollback")

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreBusy(f"{self._path}: {error}") from error
