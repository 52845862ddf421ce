"""Buckets that workers share, over SQLite and Redis, under a clock that the test moves."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from stores.quotas import Quotas
from stores.quotas.redis import RedisQuotas
from stores.quotas.sqlite import SqliteQuotas
from tests.support.redis import Redis, running_redis


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="package")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


Worker: TypeAlias = Callable[[str], Quotas]
"""One more worker of this name, sharing with the others."""


@pytest.fixture(params=["sqlite", "redis"])
async def worker(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Worker]:
    async with AsyncExitStack() as opened:
        if request.param == "redis":
            server: Redis = request.getfixturevalue("redis")
            # It forgets everything.
            server.kill()
            server.start()

        def started(name: str) -> Quotas:
            quotas: Quotas
            if request.param == "redis":
                quotas = RedisQuotas(server.url, name, clock=clock)
            else:
                quotas = SqliteQuotas(tmp_path / "state.db", name, clock=clock)
            opened.push_async_callback(quotas.aclose)
            return quotas

        yield started
