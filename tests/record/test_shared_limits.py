"""Over Redis all workers of all machines give one limit together, to whatever worker the calls come."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.record.caller import Caller, calling, until
from tests.support.proxy import served, settings
from tests.support.redis import Redis, running_redis
from tests.support.upstream import Upstream

RPM = 60
TWO_WORKERS = ("--no-worker", "--workers", "2")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with running_redis(tmp_path) as server:
        yield server


def machine(upstream: Upstream, redis: Redis, folder: Path, **limits: Any) -> tuple[dict[str, Any], Path]:
    """The configuration of one machine, and the folder that is its own."""
    folder.mkdir()
    return settings(upstream, folder / "records", agent={"limits": limits}, records={"redis": redis.url}), folder


class Counted:
    """Calls let in since the first was made, beside what the limit allows by now."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.let_in = 0

    async def ask(self, caller: Caller) -> bool:
        answer = await caller.chat("Hello.")
        assert answer.status == 200 or answer.error["code"] == "rate_limit_exceeded"
        self.let_in += answer.status == 200
        return answer.status == 200

    async def exhausts(self, caller: Caller) -> None:
        """Asks until as many were let in as a minute allows, and one is refused."""
        async with asyncio.timeout(50):
            while await self.ask(caller) or self.let_in < RPM:
                pass

    def allowed(self, share: float = 1.0) -> float:
        """By a share of the limit that nobody had used."""
        return share * (RPM + (time.monotonic() - self._began) * RPM / 60)


async def test_one_connection_is_given_the_limit_of_both_workers_and_no_more(
    upstream: Upstream, redis: Redis, tmp_path: Path
) -> None:
    with served(*machine(upstream, redis, tmp_path / "a", rpm=RPM), arguments=TWO_WORKERS) as proxy:
        counted = Counted()
        async with calling(proxy, once=True) as one, calling(proxy) as any_of_them:
            await counted.exhausts(one)
            assert counted.let_in > counted.allowed(1 / 2)
            for _ in range(100):
                await counted.ask(any_of_them)
            assert counted.let_in <= counted.allowed()
    assert len(upstream.requests) == counted.let_in


async def test_two_machines_share_one_limit(upstream: Upstream, redis: Redis, tmp_path: Path) -> None:
    here, there = (machine(upstream, redis, tmp_path / name, rpm=RPM) for name in "ab")
    with served(*here) as first, served(*there) as second:
        counted = Counted()
        async with calling(first) as one, calling(second) as other:
            assert await counted.ask(one)
            assert await counted.ask(other)
            await counted.exhausts(one)
            assert counted.let_in > counted.allowed(1 / 2)
            for _ in range(100):
                await counted.ask(other)
            assert counted.let_in <= counted.allowed()
    assert len(upstream.requests) == counted.let_in


async def test_without_redis_calls_go_on_and_it_is_told_until_limits_are_shared_again(
    upstream: Upstream, redis: Redis, tmp_path: Path
) -> None:
    with served(*machine(upstream, redis, tmp_path / "a", rpm=100_000), arguments=TWO_WORKERS) as proxy:
        async with calling(proxy) as caller:

            async def shared() -> bool:
                return await problems(caller) == [] and await caller.metric("burnish_limits_shared") == 2

            async def told() -> bool:
                found = any("limits per minute" in problem for problem in await problems(caller))
                return found and await caller.metric("burnish_limits_shared") == 0

            async def goes_on() -> None:
                assert {(await caller.chat("Hello.")).status for _ in range(20)} == {200}

            await until(shared)
            await goes_on()
            redis.kill()
            await goes_on()
            await until(told)
            await goes_on()
            redis.start()
            await until(shared)
            await goes_on()


async def problems(caller: Caller) -> list[str]:
    answer = await caller.get("/readyz")
    assert answer.status == 200
    return list(answer.json()["problems"])
