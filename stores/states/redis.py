"""States in Redis, for workers on several machines. Redis may go away at any time: what was read last holds.

Source of the commands: https://redis.io/docs/latest/commands/.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final, Generic

import msgspec

from stores.routing import Folded
from stores.runs import StoreBusy
from stores.states import Kind, P

_PATIENCE: Final = 0.5
_PREFIX: Final = "burnish:"
_SAVE: Final = """
local cursor = redis.call('hget', KEYS[1], 'cursor')
if (cursor or '') ~= ARGV[1] then return 0 end
redis.call('hset', KEYS[1], 'cursor', ARGV[2], 'state', ARGV[3])
redis.call('hset', KEYS[2], ARGV[5], ARGV[4])
return 1
"""
"""Compare and set, both keys or neither."""

_log = logging.getLogger("burnish.states")


class RedisNews(Generic[P]):
    """For one worker. `patience` is in seconds."""

    def __init__(self, url: str, kind: Kind[P], *, patience: float = _PATIENCE) -> None:
        # Imported here: most proxies run without it.
        import redis.asyncio

        self._kind = kind
        self._decode = msgspec.json.Decoder(kind.type).decode
        self._patience = patience
        self._redis: Any = redis.asyncio.Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=patience)
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError, TimeoutError)
        self._away = False

    async def published(self) -> Mapping[str, P] | None:
        try:
            async with asyncio.timeout(self._patience):
                rows = await self._redis.hgetall(_PREFIX + self._kind.published)
        except self._errors as error:
            if not self._away:
                _log.warning("redis cannot be reached (%s): %s", error or type(error).__name__, self._kind.held)
            self._away = True
            return None
        self._away = False
        return {found.agent: found for data in rows.values() for found in (self._decode(data),)}

    async def aclose(self) -> None:
        await self._redis.aclose()


class RedisStates(Generic[P]):
    """For the background process and the command line."""

    def __init__(self, url: str, kind: Kind[P]) -> None:
        import redis

        self._kind = kind
        self._encode = msgspec.json.Encoder().encode
        self._error: type[Exception] = redis.RedisError
        self._redis: redis.Redis = redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
        self._save = self._redis.register_script(_SAVE)

    def load(self, agent: str) -> Folded | None:
        try:
            found: Any = self._redis.hmget(self._key(agent), "cursor", "state")
        except (self._error, OSError) as error:
            raise _away(error) from error
        cursor, state = found
        return None if cursor is None else Folded(int(cursor), bytes(state))

    def save(self, before: Folded | None, folded: Folded, published: P) -> bool:
        expected = "" if before is None else str(before.cursor)
        try:
            done: Any = self._save(
                keys=[self._key(published.agent), _PREFIX + self._kind.published],
                args=[expected, folded.cursor, folded.state, self._encode(published), published.agent],
            )
        except (self._error, OSError) as error:
            raise _away(error) from error
        return bool(done)

    def close(self) -> None:
        self._redis.close()

    def _key(self, agent: str) -> str:
        return f"{_PREFIX}{self._kind.name}:{agent}"


def _away(error: Exception) -> StoreBusy:
    return StoreBusy(f"redis cannot be used now: {error or type(error).__name__}")
