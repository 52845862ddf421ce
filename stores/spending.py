"""What each agent has spent in a period, in US dollars, added up over all workers."""

import sqlite3
from pathlib import Path
from typing import Final

from stores.state import StateFile

_TABLE: Final = """
create table if not exists spent (agent text not null, period text not null, usd real not null,
                                  primary key (agent, period)) without rowid
"""
_ADD: Final = "insert into spent values (?, ?, ?) on conflict do update set usd = usd + excluded.usd"
_READ: Final = "select usd from spent where agent = ? and period = ?"


class Spending:
    """Sums in memory, exchanged with the other workers through a SQLite file whenever `sync` is called.

    While the file cannot be used, each worker knows what it spent itself.
    """

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, _TABLE, "sums of what agents have spent", synchronous="normal")
        self._known: dict[tuple[str, str], float] = {}
        self._unsaved: dict[tuple[str, str], float] = {}

    def spent(self, agent: str, period: str) -> float:
        """As of the last `sync`, and what this worker added since."""
        key = (agent, period)
        if key not in self._known:
            self._known[key] = self._file.attempt(lambda file: _read(file, key), 0.0)
        return self._known[key] + self._unsaved.get(key, 0.0)

    def add(self, agent: str, period: str, usd: float) -> None:
        key = (agent, period)
        self._unsaved[key] = self._unsaved.get(key, 0.0) + usd

    def sync(self, *, last: bool = False) -> None:
        """Add what is new here to the file, and read what the others added."""
        if not (self._unsaved or self._known):
            return
        known = self._file.attempt(self._exchange, None, last=last)
        if known is not None:
            self._known = known
            self._unsaved.clear()

    def close(self) -> None:
        self.sync(last=True)
        self._file.close()

    def _exchange(self, file: sqlite3.Connection) -> dict[tuple[str, str], float] | None:
        if self._unsaved:
            file.execute("begin immediate")
            file.executemany(_ADD, [(*key, usd) for key, usd in self._unsaved.items()])
        return {key: _read(file, key) for key in self._known | self._unsaved}


def _read(file: sqlite3.Connection, key: tuple[str, str]) -> float:
    row = file.execute(_READ, key).fetchone()
    return float(row[0]) if row else 0.0
