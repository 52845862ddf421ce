"""Shared limits in Redis, for workers on several machines.

Source of the commands: https://redis.io/docs/latest/commands/.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from stores.quotas import Asked, Granted
from stores.quotas.pool import KEPT, PART

_PATIENCE: Final = 0.5
_AT_ONCE: Final = 100
"""Buckets, for Redis does nothing else meanwhile."""
_PREFIX: Final = "burnish:quota:"
_log = logging.getLogger("burnish.quotas")


class RedisQuotas:
    """For one worker, by a name that no other has. The clock is that of Redis, unless one is given."""

    def __init__(self, url: str, worker: str, *, clock: Callable[[], float] | None = None) -> None:
        # Imported here: most proxies run without it.
        import redis.asyncio

        self._redis: Any = redis.asyncio.Redis.from_url(
            url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, decode_responses=True
        )
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError, TimeoutError)
        self._exchange = self._redis.register_script(_EXCHANGE)
        self._worker = worker
        self._clock = clock
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        return self._problem

    async def exchange(self, asked: Mapping[str, Asked], *, last: bool = False) -> Mapping[str, Granted] | None:
        found: list[Any] = []
        names = list(asked)
        try:
            async with asyncio.timeout(_PATIENCE):
                for start in range(0, len(names), _AT_ONCE):
                    found += await self._tell({name: asked[name] for name in names[start : start + _AT_ONCE]}, last)
        except self._errors as error:
            self._suffer(error)
            return None
        if self._problem is not None:
            self._problem = None
            _log.warning("redis is back: limits per minute are shared again")
        return {
            name: Granted(float(part), float(level), float(free), int(workers))
            for name, (part, level, free, workers) in zip(asked, found, strict=True)
        }

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def _tell(self, asked: Mapping[str, Asked], last: bool) -> Any:
        told: list[Any] = [self._worker, int(last), self._clock() if self._clock else "", PART, KEPT]
        for each in asked.values():
            level = "" if each.level is None else each.level
            told += [each.capacity, each.rate, each.used, int(each.wanted), level, each.ago]
        return await self._exchange(keys=[_PREFIX + name for name in asked], args=told)

    def _suffer(self, error: Exception) -> None:
        why = f"redis cannot be reached ({type(error).__name__}): limits per minute are divided evenly among workers"
        if self._problem is None:
            _log.warning(why)
        self._problem = why


_EXCHANGE: Final = """
local worker, last, part_of, kept_for = ARGV[1], ARGV[2] == '1', tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('time')
local now = tonumber(ARGV[3]) or time[1] + time[2] / 1e6
local function text(number) return string.format('%.17g', number) end

local answers = {}
for place, key in ipairs(KEYS) do
  local given = 6 * place
  local capacity, rate, used = tonumber(ARGV[given]), tonumber(ARGV[given + 1]), tonumber(ARGV[given + 2])
  local wanted, known, ago = ARGV[given + 3] == '1', tonumber(ARGV[given + 4]), tonumber(ARGV[given + 5])

  local level, at, size = math.min(capacity, known and known + ago * rate or capacity), now, capacity
  local others, workers = 0, 0
  local fields = redis.call('hgetall', key)
  for index = 1, #fields, 2 do
    local field, value = fields[index], fields[index + 1]
    if field == 'level' then level = tonumber(value)
    elseif field == 'at' then at = tonumber(value)
    elseif field == 'capacity' then size = tonumber(value)
    elseif field ~= 'worker:' .. worker then
      local part, until_ = string.match(value, '(%S+) (%S+)')
      if tonumber(until_) > now then
        others, workers = others + tonumber(part), workers + 1
      else
        redis.call('hdel', key, field)
      end
    end
  end
  level = math.min(capacity, level * capacity / size + math.max(0, now - at) * rate) - used
  local left, part = level - others, 0
  if last then
    redis.call('hdel', key, 'worker:' .. worker)
  else
    part = left * part_of
    if part < 1 then part = (wanted and left >= 1) and 1 or 0 end
    workers = workers + 1
    redis.call('hset', key, 'worker:' .. worker, text(part) .. ' ' .. text(now + kept_for))
  end
  redis.call('hset', key, 'level', text(level), 'at', text(now), 'capacity', text(capacity))
  -- By then it would be full again, and nobody hold anything of it.
  redis.call('expire', key, math.ceil((capacity - level) / rate + 2 * kept_for))
  answers[place] = {text(part), text(level), text(left - part), workers}
end
return answers
"""
"""`stores.quotas.pool.exchange`, where the buckets are: both pass one contract."""
