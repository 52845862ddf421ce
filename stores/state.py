"""A SQLite file in which workers share what they can also do without.

Calls wait for it on the event loop, so it may never hold them up for long nor fail them: where it cannot be used now,
because the disk is full or someone holds it locked, that is said once, and it is tried again after a second.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_PATIENCE: Final = 0.25
"""Seconds to wait for another's lock; workers hold it for well under a millisecond."""
_REST: Final = 1.0
_log = logging.getLogger("burnish.state")


class StateFile:
    """One user's connection to the file. `schema` is the DDL of what it keeps there, `what` its name for people."""

    def __init__(
        self, path: Path, schema: str, what: str, *, synchronous: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._what = what
        # What is deleted is overwritten: people's words do not linger in free pages.
        pragmas = ("journal_mode = wal", f"synchronous = {synchronous}", "secure_delete = on")
        self._set_up = "".join(f"pragma {pragma};" for pragma in pragmas) + schema
        self._clock = clock
        self._file: sqlite3.Connection | None = None
        self._troubled = False
        self._not_before = 0.0

    def attempt(self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, last: bool = False) -> T:
        """What `work` returns, in one transaction if it begins one; `otherwise` while the file cannot be used.

        The `last` attempt is made even within the second after a failure.
        """
        if self._troubled and not last and self._clock() < self._not_before:
            return otherwise
        try:
            file = self._file or self._open()
            try:
                done = work(file)
                if file.in_transaction:
                    file.execute("commit")
            except BaseException:
                if file.in_transaction:
                    file.execute("rollback")
                raise
        except (sqlite3.Error, OSError) as error:
            self._suffer(error)
            return otherwise
        if self._troubled:
            self._troubled = False
            _log.warning("%s: %s are shared and kept again", self._path, self._what)
        return done

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never opened when it is there: closing it would drop the locks that this process has on it.
        if not self._path.exists():
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        file = sqlite3.connect(self._path, isolation_level=None, timeout=_PATIENCE, check_same_thread=False)
        try:
            file.executescript(self._set_up).close()
        except sqlite3.Error:
            file.close()
            raise
        self._file = file
        return file

    def _suffer(self, error: Exception) -> None:
        if not self._troubled:
            _log.warning(
                "%s cannot be used (%s): each worker has its own %s for now, which end with it; see to the disk",
                self._path,
                error,
                self._what,
            )
        self._troubled = True
        self._not_before = self._clock() + _REST
