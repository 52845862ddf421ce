"""One contract over SQLite and Redis: workers read what was published last, signature and all."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from stores.guard_rules import signed
from stores.learned_rules import RuleNews, RulePublisher
from stores.learned_rules.redis import RedisRuleNews, RedisRulePublisher
from stores.learned_rules.sqlite import SqliteRuleNews, SqliteRulePublisher
from stores.runs import StoreBusy
from tests.support.incidents import SECRET, a_policy
from tests.support.redis import Redis, running_redis

PATIENCE = 20.0
"""Seconds: a busy machine is not a Redis that is away."""
ONE, TWO = signed(SECRET, a_policy(1, "a")), signed(SECRET, a_policy(2, "a", "b"))
SALES = signed(SECRET, a_policy(1, "c", agent="sales"))


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


class Shared(NamedTuple):
    worker: RuleNews
    background: RulePublisher


@pytest.fixture(params=["sqlite", "redis"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shared]:
    async with AsyncExitStack() as opened:
        if request.param == "redis":
            server: Redis = request.getfixturevalue("redis")
            found = Shared(RedisRuleNews(server.url, patience=PATIENCE), RedisRulePublisher(server.url))
        else:
            file = tmp_path / "state.db"
            found = Shared(SqliteRuleNews(file), SqliteRulePublisher(file))
        opened.push_async_callback(found.worker.aclose)
        opened.callback(found.background.close)
        yield found
    if request.param == "redis":
        server.kill()
        server.start()


async def test_nothing_is_known_at_first(shared: Shared) -> None:
    assert await shared.worker.rules() == {}


async def test_workers_read_what_was_published_last_of_each_agent(shared: Shared) -> None:
    shared.background.publish([ONE, SALES])
    assert await shared.worker.rules() == {"support": ONE, "sales": SALES}
    shared.background.publish([TWO])
    assert await shared.worker.rules() == {"support": TWO, "sales": SALES}
    shared.background.publish([])
    assert await shared.worker.rules() == {"support": TWO, "sales": SALES}


async def test_a_redis_that_is_away_fails_no_worker_and_tells_the_background(redis: Redis) -> None:
    worker, background = RedisRuleNews(redis.url, patience=PATIENCE), RedisRulePublisher(redis.url)
    redis.kill()
    try:
        assert await worker.rules() is None
        with pytest.raises(StoreBusy, match="redis cannot be used now"):
            background.publish([ONE])
    finally:
        redis.start()
    assert await worker.rules() == {}
    await worker.aclose()
    background.close()


async def test_a_state_file_that_cannot_be_used_fails_no_worker_and_tells_the_background(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database, but long enough to be looked at" * 40)
    worker = SqliteRuleNews(tmp_path / "state.db")
    assert await worker.rules() is None
    await worker.aclose()
    with pytest.raises(StoreBusy, match=r"state\.db"):
        SqliteRulePublisher(tmp_path / "state.db")
