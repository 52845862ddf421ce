"""One contract over memory, SQLite and Redis: what is known moves forward once, and workers read what was published."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from stores.critique_states import CRITIQUE, CritiqueShares
from stores.routing import Folded
from stores.runs import StoreBusy
from stores.states import News, States
from stores.states.memory import MemoryStates
from stores.states.redis import RedisNews, RedisStates
from stores.states.sqlite import SqliteNews, SqliteStates
from stores.tool_states import TOOLS, Failing, FailingTools
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

    worker: News[FailingTools]
    first: States[FailingTools]
    second: States[FailingTools]


@pytest.fixture(params=["memory", "sqlite", "redis"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shared]:
    async with AsyncExitStack() as opened:
        match request.param:
            case "memory":
                memory = MemoryStates[FailingTools]()
                found = Shared(memory, memory, memory)
            case "redis":
                server: Redis = request.getfixturevalue("redis")
                found = Shared(
                    RedisNews(server.url, TOOLS, patience=PATIENCE),
                    RedisStates(server.url, TOOLS),
                    RedisStates(server.url, TOOLS),
                )
            case _:
                file = tmp_path / "state.db"
                found = Shared(SqliteNews(file, TOOLS), SqliteStates(file, TOOLS), SqliteStates(file, TOOLS))
        opened.push_async_callback(found.worker.aclose)
        opened.callback(found.first.close)
        opened.callback(found.second.close)
        yield found
    if request.param == "redis":
        server.kill()
        server.start()


async def test_nothing_is_known_at_first(shared: Shared) -> None:
    assert shared.first.load("a") is None
    assert await shared.worker.published() == {}


async def test_what_is_saved_is_read_by_workers_and_by_the_next_process(shared: Shared) -> None:
    assert shared.first.save(None, Folded(1, b"one"), BROKEN)
    assert shared.second.load("a") == Folded(1, b"one")
    assert await shared.worker.published() == {"a": BROKEN}
    assert shared.first.save(Folded(1, b"one"), Folded(2, b"two"), WELL)
    assert await shared.worker.published() == {"a": WELL}


async def test_of_two_that_fold_the_same_the_first_one_counts(shared: Shared) -> None:
    assert shared.first.save(None, Folded(1, b"one"), BROKEN)
    assert not shared.second.save(None, Folded(1, b"other"), WELL)
    assert not shared.second.save(Folded(7, b""), Folded(8, b"other"), WELL)
    assert shared.first.load("a") == Folded(1, b"one")
    assert await shared.worker.published() == {"a": BROKEN}


async def test_agents_have_states_of_their_own(shared: Shared) -> None:
    assert shared.first.save(None, Folded(1, b"a"), BROKEN)
    assert shared.first.save(None, Folded(5, b"b"), FailingTools(agent="b"))
    assert (shared.first.load("a"), shared.first.load("b")) == (Folded(1, b"a"), Folded(5, b"b"))
    assert await shared.worker.published() == {"a": BROKEN, "b": FailingTools(agent="b")}


async def test_what_is_known_of_other_things_is_apart_in_the_same_file(tmp_path: Path) -> None:
    file, shares = tmp_path / "state.db", CritiqueShares(agent="a", shares={"tools": 0.1})
    tools, critique = SqliteStates(file, TOOLS), SqliteStates(file, CRITIQUE)
    assert tools.save(None, Folded(1, b"tools"), BROKEN)
    assert critique.save(None, Folded(1, b"critique"), shares)
    assert (tools.load("a"), critique.load("a")) == (Folded(1, b"tools"), Folded(1, b"critique"))
    worker = SqliteNews(file, CRITIQUE)
    assert await worker.published() == {"a": shares}
    await worker.aclose()
    tools.close()
    critique.close()


async def test_the_same_in_one_redis(redis: Redis) -> None:
    tools, critique = RedisStates(redis.url, TOOLS), RedisStates(redis.url, CRITIQUE)
    worker = RedisNews(redis.url, CRITIQUE, patience=PATIENCE)
    assert tools.save(None, Folded(1, b"tools"), BROKEN)
    assert critique.load("a") is None
    assert await worker.published() == {}
    await worker.aclose()
    tools.close()
    critique.close()
    redis.kill()
    redis.start()


async def test_a_redis_that_is_away_fails_no_worker_and_tells_the_background(redis: Redis) -> None:
    worker, background = RedisNews(redis.url, TOOLS, patience=PATIENCE), RedisStates(redis.url, TOOLS)
    redis.kill()
    try:
        assert await worker.published() is None
        with pytest.raises(StoreBusy, match="redis cannot be used now"):
            background.load("a")
        with pytest.raises(StoreBusy, match="redis cannot be used now"):
            background.save(None, Folded(1, b""), WELL)
    finally:
        redis.start()
    assert await worker.published() == {}
    await worker.aclose()
    background.close()


async def test_a_state_file_that_cannot_be_used_fails_no_worker_and_tells_the_background(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database, but long enough to be looked at" * 40)
    worker = SqliteNews(tmp_path / "state.db", TOOLS)
    assert await worker.published() is None
    await worker.aclose()
    with pytest.raises(StoreBusy, match=r"state\.db"):
        SqliteStates(tmp_path / "state.db", TOOLS)
