"""States of tools in Redis, for workers on several machines. Redis may go away at any time: what was read last holds.

Source of the commands: https://redis.io/docs/latest/commands/.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from stores.routing import Folded
from stores.runs import StoreBusy
from stores.tool_states import FailingTools

_PATIENCE: Final = 0.5
_PREFIX: Final = "burnish:"
_FAILING: Final = _PREFIX + "failing_tools"
_SAVE: Final = """
local cursor = redis.call('hget', KEYS[1], 'cursor')
if (cursor or '') ~= ARGV[1] then return 0 end
redis.call('hset', KEYS[1], 'cursor', ARGV[2], 'state', ARGV[3])
redis.call('hset', KEYS[2], ARGV[5], ARGV[4])
return 1
"""
"""Compare and set, both keys or neither."""

_decode: Final = msgspec.json.Decoder(FailingTools).decode
_encode: Final = msgspec.json.Encoder().encode
_log = logging.getLogger("burnish.tools")


class RedisToolNews:
    """For one worker. `patience` is in seconds."""

    def __init__(self, url: str, *, patience: float = _PATIENCE) -> None:
        # Imported here: most proxies run without it.
        import redis.asyncio

        self._patience = patience
        self._redis: Any = redis.asyncio.Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=patience)
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError, TimeoutError)
        self._away = False

    async def failing(self) -> Mapping[str, FailingTools] | None:
        try:
            async with asyncio.timeout(self._patience):
                rows = await self._redis.hgetall(_FAILING)
        except self._errors as error:
            if not self._away:
                _log.warning(
                    "redis cannot be reached (%s): tools are taken as they were", error or type(error).__name__
                )
            self._away = True
            return None
        self._away = False
        return {found.agent: found for data in rows.values() for found in (_decode(data),)}

    async def aclose(self) -> None:
        await self._redis.aclose()


class RedisToolStates:
    """For the background process and the command line."""

    def __init__(self, url: str) -> None:
        import redis

        self._error: type[Exception] = redis.RedisError
        self._redis: redis.Redis = redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
        self._save = self._redis.register_script(_SAVE)

    def load(self, agent: str) -> Folded | None:
        try:
            found: Any = self._redis.hmget(_tools(agent), "cursor", "state")
        except (self._error, OSError) as error:
            raise _away(error) from error
        cursor, state = found
        return None if cursor is None else Folded(int(cursor), bytes(state))

    def save(self, before: Folded | None, folded: Folded, published: FailingTools) -> bool:
        expected = "" if before is None else str(before.cursor)
        try:
            done: Any = self._save(
                keys=[_tools(published.agent), _FAILING],
                args=[expected, folded.cursor, folded.state, _encode(published), published.agent],
            )
        except (self._error, OSError) as error:
            raise _away(error) from error
        return bool(done)

    def close(self) -> None:
        self._redis.close()


def _away(error: Exception) -> StoreBusy:
    return StoreBusy(f"redis cannot be used now: {error or type(error).__name__}")


def _tools(agent: str) -> str:
    return f"{_PREFIX}tools:{agent}"
