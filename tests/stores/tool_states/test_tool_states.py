"""One contract over memory, SQLite and Redis: what is known moves forward once, and workers read what was published."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from stores.routing import Folded
from stores.runs import StoreBusy
from stores.tool_states import Failing, FailingTools, ToolNews, ToolStates
from stores.tool_states.memory import MemoryToolStates
from stores.tool_states.redis import RedisToolNews, RedisToolStates
from stores.tool_states.sqlite import SqliteToolNews, SqliteToolStates
from tests.support.redis import Redis, running_redis

PATIENCE = 20.0
"""Seconds: a busy machine is not a Redis that is away."""
BROKEN = FailingTools(agent="a", tools={"search": Failing(1, 2, "5 failures in a row")})
WELL = FailingTools(agent="a")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


class Shared(NamedTuple):
    """A worker, and two background processes that both believe that they are the one."""

    worker: ToolNews
    first: ToolStates
    second: ToolStates


@pytest.fixture(params=["memory", "sqlite", "redis"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shared]:
    async with AsyncExitStack() as opened:
        match request.param:
            case "memory":
                memory = MemoryToolStates()
                found = Shared(memory, memory, memory)
            case "redis":
                server: Redis = request.getfixturevalue("redis")
                found = Shared(
                    RedisToolNews(server.url, patience=PATIENCE),
                    RedisToolStates(server.url),
                    RedisToolStates(server.url),
                )
            case _:
                file = tmp_path / "state.db"
                found = Shared(SqliteToolNews(file), SqliteToolStates(file), SqliteToolStates(file))
        opened.push_async_callback(found.worker.aclose)
        opened.callback(found.first.close)
        opened.callback(found.second.close)
        yield found
    if request.param == "redis":
        server.kill()
        server.start()


async def test_nothing_is_known_at_first(shared: Shared) -> None:
    assert shared.first.load("a") is None
    assert await shared.worker.failing() == {}


async def test_what_is_saved_is_read_by_workers_and_by_the_next_process(shared: Shared) -> None:
    assert shared.first.save(None, Folded(1, b"one"), BROKEN)
    assert shared.second.load("a") == Folded(1, b"one")
    assert await shared.worker.failing() == {"a": BROKEN}
    assert shared.first.save(Folded(1, b"one"), Folded(2, b"two"), WELL)
    assert await shared.worker.failing() == {"a": WELL}


async def test_of_two_that_fold_the_same_the_first_one_counts(shared: Shared) -> None:
    assert shared.first.save(None, Folded(1, b"one"), BROKEN)
    assert not shared.second.save(None, Folded(1, b"other"), WELL)
    assert not shared.second.save(Folded(7, b""), Folded(8, b"other"), WELL)
    assert shared.first.load("a") == Folded(1, b"one")
    assert await shared.worker.failing() == {"a": BROKEN}


async def test_agents_have_tools_of_their_own(shared: Shared) -> None:
    assert shared.first.save(None, Folded(1, b"a"), BROKEN)
    assert shared.first.save(None, Folded(5, b"b"), FailingTools(agent="b"))
    assert (shared.first.load("a"), shared.first.load("b")) == (Folded(1, b"a"), Folded(5, b"b"))
    assert await shared.worker.failing() == {"a": BROKEN, "b": FailingTools(agent="b")}


async def test_a_redis_that_is_away_fails_no_worker_and_tells_the_background(redis: Redis) -> None:
    worker, background = RedisToolNews(redis.url, patience=PATIENCE), RedisToolStates(redis.url)
    redis.kill()
    try:
        assert await worker.failing() is None
        with pytest.raises(StoreBusy, match="redis cannot be used now"):
            background.load("a")
        with pytest.raises(StoreBusy, match="redis cannot be used now"):
            background.save(None, Folded(1, b""), WELL)
    finally:
        redis.start()
    assert await worker.failing() == {}
    await worker.aclose()
    background.close()


async def test_a_state_file_that_cannot_be_used_fails_no_worker_and_tells_the_background(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database, but long enough to be looked at" * 40)
    worker = SqliteToolNews(tmp_path / "state.db")
    assert await worker.failing() is None
    await worker.aclose()
    with pytest.raises(StoreBusy, match=r"state\.db"):
        SqliteToolStates(tmp_path / "state.db")
