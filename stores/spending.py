"""What each agent has spent in a period, in US dollars, added up over all workers."""

import logging
import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from stores.state import StateFile

Key: TypeAlias = tuple[str, str]
"""An agent and the name of a period."""

_TABLE: Final = """
create table if not exists spent (agent text not null, period text not null, usd real not null,
                                  primary key (agent, period)) without rowid
"""
_ADD: Final = "insert into spent values (?, ?, ?) on conflict do update set usd = usd + excluded.usd"
_READ: Final = "select usd from spent where agent = ? and period = ?"
_PREFIX: Final = "burnish:spent:"
_PERIOD: Final = 40 * 86_400
"""Seconds that a sum is kept in Redis: longer than the longest period."""
_log = logging.getLogger("burnish.spending")


class Sums(Protocol):
    """Where the sums are that all workers share."""

    waits: bool
    """Whether `exchange` may take long, and belongs off the event loop."""

    def now(self, key: Key) -> float:
        """The sum, where it is had without waiting; else 0, until the next exchange."""
        ...

    def exchange(self, added: Mapping[Key, float], wanted: Collection[Key], *, last: bool) -> dict[Key, float] | None:
        """Add, and read. None, and nothing added, while they cannot be used."""
        ...

    def close(self) -> None: ...


class Spending:
    """Sums in memory, exchanged with the other workers whenever `sync` is called.

    While that cannot be done, each worker knows what it spent itself.
    """

    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        self._known: dict[Key, float] = {}
        self._unsaved: dict[Key, float] = {}
        self._moving: dict[Key, float] = {}

    @property
    def waits(self) -> bool:
        return self._sums.waits

    def spent(self, agent: str, period: str) -> float:
        """As of the last `sync`, and what this worker added since."""
        key = (agent, period)
        if key not in self._known:
            self._known[key] = self._sums.now(key)
        return self._known[key] + self._moving.get(key, 0.0) + self._unsaved.get(key, 0.0)

    def add(self, agent: str, period: str, usd: float) -> None:
        key = (agent, period)
        self._unsaved[key] = self._unsaved.get(key, 0.0) + usd

    def sync(self, *, last: bool = False) -> None:
        """Add what is new here, and read what the others added. May run in a thread while calls go on adding."""
        if not (self._unsaved or self._known):
            return
        moving, self._moving, self._unsaved = self._unsaved, self._unsaved, {}
        known = self._sums.exchange(moving, self._known.keys() | moving.keys(), last=last)
        if known is not None:
            self._known = known
        self._moving = {}
        if known is None:
            for (agent, period), usd in moving.items():
                self.add(agent, period, usd)

    def close(self) -> None:
        self.sync(last=True)
        self._sums.close()


class SqliteSums:
    """In the file that the workers of one machine share."""

    waits = False

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, _TABLE, "sums of what agents have spent", synchronous="normal")

    def now(self, key: Key) -> float:
        return self._file.attempt(lambda file: _read(file, key), 0.0)

    def exchange(self, added: Mapping[Key, float], wanted: Collection[Key], *, last: bool) -> dict[Key, float] | None:
        def work(file: sqlite3.Connection) -> dict[Key, float] | None:
            if added:
                file.execute("begin immediate")
                file.executemany(_ADD, [(*key, usd) for key, usd in added.items()])
            return {key: _read(file, key) for key in wanted}

        return self._file.attempt(work, None, last=last)

    def close(self) -> None:
        self._file.close()


class RedisSums:
    """In Redis, for workers on several machines. Budgets hold for what this worker knows while it is away.

    A Redis that comes back empty has forgotten what was spent: then the highest sum that a worker knows is restored.
    """

    waits = True

    def __init__(self, url: str) -> None:
        # Imported here: most proxies run without it.
        import redis

        self._error: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._redis: redis.Redis = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
        self._exchange = self._redis.register_script(_EXCHANGE)
        self._known: dict[Key, float] = {}
        self._troubled = False

    def now(self, key: Key) -> float:
        return 0.0

    def exchange(self, added: Mapping[Key, float], wanted: Collection[Key], *, last: bool) -> dict[Key, float] | None:
        keys = list(wanted)
        arguments: list[Any] = [_PERIOD]
        for key in keys:
            arguments += [self._known.get(key, 0.0), added.get(key, 0.0)]
        try:
            found: Any = self._exchange(keys=[f"{_PREFIX}{agent}:{period}" for agent, period in keys], args=arguments)
        except self._error as error:
            if not self._troubled:
                _log.warning("redis cannot be reached (%s): each worker counts what it spends itself", error)
            self._troubled = True
            return None
        self._troubled = False
        self._known = {key: float(usd) for key, usd in zip(keys, found, strict=True)}
        return dict(self._known)

    def close(self) -> None:
        self._redis.close()


_EXCHANGE: Final = """
local sums = {}
for place, key in ipairs(KEYS) do
  local known, added = tonumber(ARGV[2 * place]), tonumber(ARGV[2 * place + 1])
  local sum = math.max(tonumber(redis.call('get', key) or 0), known) + added
  redis.call('set', key, string.format('%.17g', sum), 'EX', ARGV[1])
  sums[place] = string.format('%.17g', sum)
end
return sums
"""


def _read(file: sqlite3.Connection, key: Key) -> float:
    row = file.execute(_READ, key).fetchone()
    return float(row[0]) if row else 0.0
