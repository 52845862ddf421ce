"""One contract over SQLite and Redis: workers hold parts of one bucket, and never more than there is."""

import sqlite3
from pathlib import Path

import pytest

from stores.quotas import Asked, Granted, Quotas
from stores.quotas.pool import KEPT
from stores.quotas.redis import RedisQuotas
from stores.quotas.sqlite import SqliteQuotas
from tests.stores.quotas.conftest import Clock, Worker
from tests.support.redis import Redis

SIZE = 600.0
RATE = SIZE / 60


def asked(
    used: float = 0.0, *, size: float = SIZE, wanted: bool = True, level: float | None = None, ago: float = 0.0
) -> Asked:
    return Asked(size, size / 60, used, wanted, level, ago)


async def exchange(quotas: Quotas, asked: Asked, *, last: bool = False, bucket: str = "calls") -> Granted:
    found = await quotas.exchange({bucket: asked}, last=last)
    assert found is not None
    assert quotas.problem is None
    return found[bucket]


async def test_the_first_is_granted_a_part_of_a_full_bucket(worker: Worker) -> None:
    assert await exchange(worker("a"), asked()) == Granted(part=150, level=600, free=450, workers=1)


async def test_idle_workers_come_to_hold_the_same_and_leave_as_much_as_three_of_them_free(worker: Worker) -> None:
    workers = [worker(name) for name in "abcd"]
    for _ in range(20):
        granted = [await exchange(each, asked(wanted=False)) for each in workers]
    assert {each.workers for each in granted} == {4}
    assert [each.part for each in granted] == [pytest.approx(SIZE / 7)] * 4
    assert granted[-1].free == pytest.approx(3 * SIZE / 7)


async def test_what_was_used_is_missing_until_it_has_flowed_in_again(worker: Worker, clock: Clock) -> None:
    one = worker("a")
    await exchange(one, asked())
    assert (await exchange(one, asked(used=100))).level == 500
    clock.now += 3
    assert (await exchange(one, asked())).level == pytest.approx(500 + 3 * RATE)
    clock.now += 3600
    assert (await exchange(one, asked())).level == SIZE


async def test_what_another_holds_is_not_granted(worker: Worker) -> None:
    one, other = worker("a"), worker("b")
    held = (await exchange(one, asked())).part
    granted = await exchange(other, asked())
    assert held + granted.part + granted.free == granted.level == SIZE


async def test_a_busy_worker_is_granted_what_an_idle_one_gives_back(worker: Worker) -> None:
    busy, idle = worker("a"), worker("b")
    await exchange(idle, asked())
    used, got = 0.0, 0.0
    for _ in range(10):
        for _ in range(40):
            granted = await exchange(busy, asked(used))
            used = granted.part
            got += used
        await exchange(idle, asked(wanted=False))
    assert SIZE - 2 <= got <= SIZE


async def test_of_what_is_scarce_whole_ones_are_granted_to_those_that_have_calls(worker: Worker) -> None:
    idle, one, other = worker("a"), worker("b"), worker("c")
    assert (await exchange(idle, asked(size=2, wanted=False))).part == 0
    assert (await exchange(one, asked(size=2))).part == 1
    assert (await exchange(other, asked(size=2))).part == 1
    assert (await exchange(idle, asked(size=2))).part == 0
    # Unused, and no longer wanted: another can have it.
    assert (await exchange(one, asked(size=2, wanted=False))).part == 0
    assert (await exchange(idle, asked(size=2))).part == 1


async def test_what_was_used_beyond_a_part_is_owed_by_all(worker: Worker, clock: Clock) -> None:
    one, other = worker("a"), worker("b")
    await exchange(one, asked())
    owing = await exchange(one, asked(used=700))
    assert (owing.part, owing.level) == (0, -100)
    assert (await exchange(other, asked())).part == 0
    clock.now += 11
    assert (await exchange(other, asked())).part > 0


async def test_a_worker_that_ends_gives_back_what_it_held(worker: Worker) -> None:
    one, other = worker("a"), worker("b")
    await exchange(one, asked())
    await exchange(one, asked(used=50), last=True)
    assert await exchange(other, asked()) == Granted(part=137.5, level=550, free=412.5, workers=1)


async def test_what_a_worker_held_that_is_not_heard_of_any_more_is_free_after_a_while(
    worker: Worker, clock: Clock
) -> None:
    killed, other = worker("a"), worker("b")
    held = (await exchange(killed, asked())).part
    clock.now += KEPT - 0.1
    granted = await exchange(other, asked())
    assert (granted.workers, granted.part + granted.free) == (2, SIZE - held)
    clock.now += 0.2
    granted = await exchange(other, asked())
    assert (granted.workers, granted.part + granted.free) == (1, SIZE)


async def test_a_changed_limit_keeps_the_share_that_is_full(worker: Worker) -> None:
    one = worker("a")
    await exchange(one, asked())
    await exchange(one, asked(used=300))
    assert (await exchange(one, asked(size=60))).level == 30


async def test_a_store_that_has_forgotten_goes_on_from_what_a_worker_knew(worker: Worker) -> None:
    granted = await exchange(worker("a"), asked(used=20, level=100, ago=5))
    assert granted.level == 100 + 5 * RATE - 20
    assert (await exchange(worker("b"), asked())).level == granted.level


async def test_each_bucket_is_its_own(worker: Worker) -> None:
    one = worker("a")
    await one.exchange({"calls": asked(), "tokens": asked()})
    found = await one.exchange({"calls": asked(used=10), "tokens": asked(used=20)})
    assert found is not None
    assert {name: granted.level for name, granted in found.items()} == {"calls": 590, "tokens": 580}


async def test_many_buckets_are_exchanged_at_once(worker: Worker) -> None:
    one = worker("a")
    found = await one.exchange({f"calls {number}": asked(used=number) for number in range(250)})
    assert found is not None
    assert {name: granted.level for name, granted in found.items()} == {
        f"calls {number}": SIZE - number for number in range(250)
    }


async def test_while_redis_is_away_that_is_told_until_it_is_back(redis: Redis) -> None:
    quotas = RedisQuotas(redis.url, "a")
    await exchange(quotas, asked())
    redis.kill()
    assert await quotas.exchange({"calls": asked()}) is None
    assert quotas.problem is not None
    assert "divided evenly" in quotas.problem
    redis.start()
    assert (await exchange(quotas, asked())).level == SIZE
    await quotas.aclose()


async def test_by_its_own_clock_redis_lets_flow_in_what_was_used(redis: Redis) -> None:
    quotas = RedisQuotas(redis.url, "a")
    used = await exchange(quotas, asked(used=SIZE), bucket="timed")
    while (await exchange(quotas, asked(), bucket="timed")).level <= used.level:
        pass
    await quotas.aclose()


async def test_while_the_file_is_locked_that_is_told_until_it_can_be_used(tmp_path: Path) -> None:
    quotas = SqliteQuotas(tmp_path / "state.db", "a")
    await exchange(quotas, asked())
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("begin immediate")
    assert await quotas.exchange({"calls": asked()}) is None
    assert quotas.problem is not None
    assert "divided evenly" in quotas.problem
    other.execute("rollback")
    other.close()
    # The file rests for a second after a failure; the last exchange is tried nevertheless.
    assert (await exchange(quotas, asked(), last=True)).level == SIZE
    await quotas.aclose()
