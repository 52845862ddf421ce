"""What each agent has spent in a period, in US dollars, added up over all workers."""

import sqlite3
from pathlib import Path
from typing import Final

_TABLE: Final = """
create table if not exists spent (agent text not null, period text not null, usd real not null,
                                  primary key (agent, period)) without rowid
"""


class Spending:
    """Sums in memory, exchanged with the other workers through a SQLite file whenever `sync` is called."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None, timeout=2.0)
        for pragma in ("journal_mode = wal", "synchronous = normal"):
            self._file.execute(f"pragma {pragma}").close()
        self._file.execute(_TABLE).close()
        self._known: dict[tuple[str, str], float] = {}
        self._unsaved: dict[tuple[str, str], float] = {}

    def spent(self, agent: str, period: str) -> float:
        """As of the last `sync`, and what this worker added since."""
        key = (agent, period)
        if key not in self._known:
            row = self._file.execute("select usd from spent where agent = ? and period = ?", key).fetchone()
            self._known[key] = row[0] if row else 0.0
        return self._known[key] + self._unsaved.get(key, 0.0)

    def add(self, agent: str, period: str, usd: float) -> None:
        key = (agent, period)
        self._unsaved[key] = self._unsaved.get(key, 0.0) + usd

    def sync(self) -> None:
        """Add what is new here to the file, and read what the others added."""
        if self._unsaved:
            add = "insert into spent values (?, ?, ?) on conflict do update set usd = usd + excluded.usd"
            self._file.execute("begin immediate")
            try:
                self._file.executemany(add, [(*key, usd) for key, usd in self._unsaved.items()])
            except sqlite3.Error:
                self._file.execute("rollback")
                raise
            self._file.execute("commit")
            self._unsaved.clear()
        for key in list(self._known):
            row = self._file.execute("select usd from spent where agent = ? and period = ?", key).fetchone()
            self._known[key] = row[0] if row else 0.0

    def close(self) -> None:
        self.sync()
        self._file.close()
