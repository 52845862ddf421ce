"""The words of answers, beside the vectors that Chroma has in a folder: in SQLite, where what is deleted is gone.

Chroma keeps what it was told in a log, and in pages that it has freed, long after it was deleted there.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from stores.answers import Answer

_MOST: Final = 500
"""Ids of one statement."""
_decode: Final = msgspec.json.Decoder(Answer).decode
_encode: Final = msgspec.json.Encoder().encode


class AnswerTexts:
    """By name of the collection and id. Any thread may call it. Raises `sqlite3.Error`."""

    def __init__(self, file: Path) -> None:
        self._lock = Lock()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA secure_delete = ON")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS answers "
            "(collection TEXT, id TEXT, document BLOB, PRIMARY KEY (collection, id)) WITHOUT ROWID"
        )

    def put(self, collection: str, answers: Sequence[Answer]) -> None:
        rows = [(collection, answer.id, _encode(answer)) for answer in answers]
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("REPLACE INTO answers VALUES (?, ?, ?)", rows)

    def get(self, collection: str, ids: Sequence[str]) -> Mapping[str, Answer]:
        """Those that are there."""
        holes = ", ".join("?" * len(ids))
        query = f"SELECT id, document FROM answers WHERE collection = ? AND id IN ({holes})"
        with self._lock:
            rows = self._database.execute(query, (collection, *ids)).fetchall()
        return {id: _decode(document) for id, document in rows}

    def drop(self, collection: str, ids: Sequence[str]) -> None:
        with self._lock:
            for start in range(0, len(ids), _MOST):
                some = ids[start : start + _MOST]
                holes = ", ".join("?" * len(some))
                self._database.execute(
                    f"DELETE FROM answers WHERE collection = ? AND id IN ({holes})", (collection, *some)
                )
            self._scrub()

    def clear(self, collection: str) -> None:
        with self._lock:
            self._database.execute("DELETE FROM answers WHERE collection = ?", (collection,))
            self._scrub()

    def close(self) -> None:
        self._database.close()

    def _scrub(self) -> None:
        """The log has what was put, until it is written over."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
