"""What agents have spent is known to every worker a moment later, and to each of them at once what it spent itself."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.spending import RedisSums, Spending, SqliteSums
from tests.support.redis import running_redis

DAY = "2026-11-22"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def workers(path: Path) -> Iterator[tuple[Spending, Spending]]:
    first, second = Spending(SqliteSums(path)), Spending(SqliteSums(path))
    yield first, second
    first.close()
    second.close()


def test_a_worker_knows_at_once_what_it_spent(workers: tuple[Spending, Spending]) -> None:
    first, _ = workers
    first.add("support", DAY, 0.5)
    first.add("support", DAY, 0.25)
    assert first.spent("support", DAY) == 0.75
    assert first.spent("sales", DAY) == 0.0


def test_sums_of_all_workers_are_exchanged(workers: tuple[Spending, Spending]) -> None:
    first, second = workers
    assert second.spent("support", DAY) == 0.0
    first.add("support", DAY, 0.5)
    second.add("support", DAY, 0.25)
    for worker in (first, second, first):
        worker.sync()
    assert first.spent("support", DAY) == second.spent("support", DAY) == 0.75


def test_what_was_spent_outlives_the_worker(path: Path, workers: tuple[Spending, Spending]) -> None:
    last = Spending(SqliteSums(path))
    last.add("support", DAY, 0.5)
    last.close()
    assert workers[0].spent("support", DAY) == 0.5


def test_while_the_file_is_locked_nothing_spent_is_forgotten_or_counted_twice(
    path: Path, workers: tuple[Spending, Spending]
) -> None:
    first, second = workers
    first.add("support", DAY, 0.5)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    first.sync()
    assert first.spent("support", DAY) == 0.5
    other.execute("rollback")
    other.close()
    first.close()
    assert second.spent("support", DAY) == 0.5


def test_over_redis_sums_are_exchanged_outlive_it_and_are_counted_once(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        first, second = Spending(RedisSums(redis.url)), Spending(RedisSums(redis.url))
        first.add("support", DAY, 0.5)
        second.add("support", DAY, 0.25)
        for worker in (first, second, first):
            worker.sync()
        assert first.spent("support", DAY) == second.spent("support", DAY) == 0.75
        redis.kill()
        first.add("support", DAY, 0.125)
        first.sync()
        assert first.spent("support", DAY) == 0.875
        redis.start()
        # It came back empty: what the workers know is restored, and what was spent meanwhile is added once.
        for worker in (second, first, second, first):
            worker.sync()
        assert first.spent("support", DAY) == second.spent("support", DAY) == 0.875
        for worker in (first, second):
            worker.close()
