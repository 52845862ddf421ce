"""Learned rules in Redis, for workers on several machines. Redis may go away at any time: what was read last holds.

Source of the commands: https://redis.io/docs/latest/commands/.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from records.guard import SignedPolicy
from stores.runs import StoreBusy

_PATIENCE: Final = 0.5
_RULES: Final = "burnish:learned_rules"

_decode: Final = msgspec.msgpack.Decoder(SignedPolicy).decode
_encode: Final = msgspec.msgpack.Encoder().encode
_log = logging.getLogger("burnish.guardrails")


class RedisRuleNews:
    """For one worker. `patience` is in seconds."""

    def __init__(self, url: str, *, patience: float = _PATIENCE) -> None:
        # Imported here: most proxies run without it.
        import redis.asyncio

        self._patience = patience
        self._redis: Any = redis.asyncio.Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=patience)
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError, TimeoutError)
        self._away = False

    async def rules(self) -> Mapping[str, SignedPolicy] | None:
        try:
            async with asyncio.timeout(self._patience):
                rows = await self._redis.hgetall(_RULES)
        except self._errors as error:
            if not self._away:
                _log.warning(
                    "redis cannot be reached (%s): learned rules stay as they were", error or type(error).__name__
                )
            self._away = True
            return None
        self._away = False
        return {found.agent: found for data in rows.values() for found in (_decode(data),)}

    async def aclose(self) -> None:
        await self._redis.aclose()


class RedisRulePublisher:
    """For the background process."""

    def __init__(self, url: str) -> None:
        import redis

        self._error: type[Exception] = redis.RedisError
        self._redis: redis.Redis = redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)

    def publish(self, policies: Sequence[SignedPolicy]) -> None:
        if not policies:
            return
        try:
            self._redis.hset(_RULES, mapping={policy.agent: _encode(policy) for policy in policies})
        except (self._error, OSError) as error:
            raise StoreBusy(f"redis cannot be used now: {error or type(error).__name__}") from error

    def close(self) -> None:
        self._redis.close()
