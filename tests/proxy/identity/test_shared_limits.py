"""Workers keep to one limit together, however calls reach them, and to their even shares while they cannot share."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest

from policies.limits import TokenBucket
from proxy.config.model import Limits
from proxy.errors import ApiError
from proxy.identity.limits import AgentLimits
from proxy.identity.shared_limits import SharedLimits
from stores.quotas import Asked, Granted, Quotas
from stores.quotas.sqlite import SqliteQuotas
from stores.spending import Spending, SqliteSums


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Away:
    """Quotas that a test takes away and brings back; it counts how often they were asked."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self.away = False
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = 0
        self.last: set[str] = set()

    @property
    def problem(self) -> str | None:
        return "away" if self.away else self._quotas.problem

    async def exchange(self, asked: Mapping[str, Asked], *, last: bool = False) -> Mapping[str, Granted] | None:
        self.asked += 1
        self.last = set(asked)
        await self.answering.wait()
        return None if self.away else await self._quotas.exchange(asked, last=last)

    async def aclose(self) -> None:
        await self._quotas.aclose()


class Worker:
    def __init__(self, limits: AgentLimits, shared: SharedLimits, quotas: Away) -> None:
        self.limits = limits
        self.shared = shared
        self.quotas = quotas

    async def lets_in(self) -> bool:
        try:
            await self.limits.enter()
        except ApiError:
            return False
        return True

    async def how_many(self, at_most: int = 10_000) -> int:
        """Calls let in one after another, until one is refused."""
        count = 0
        while count < at_most and await self.lets_in():
            count += 1
        return count

    async def waits(self) -> float:
        """Seconds that a call which is refused is told to wait."""
        with pytest.raises(ApiError) as refused:
            await self.limits.enter()
        return int(refused.value.headers["retry-after-ms"]) / 1000


class Fleet:
    """Workers of one agent that share its limits. The clock moves only as a test says."""

    patience = 30.0

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.opened = AsyncExitStack()
        self._state = folder / "state.db"
        self._names = itertools.count()

    async def start(self, count: int, **limits: int) -> list[Worker]:
        """So many more workers, of a machine that has no others."""
        spending = Spending(SqliteSums(self._state))
        self.opened.callback(spending.close)
        started: list[Worker] = []
        for _ in range(count):
            quotas = Away(SqliteQuotas(self._state, str(next(self._names)), clock=self.clock))
            shared = SharedLimits(quotas, workers=count, clock=self.clock, patience=self.patience)
            agent = AgentLimits("a", Limits.model_validate(limits), spending, shared, clock=self.clock)
            self.opened.push_async_callback(shared.aclose)
            self.opened.callback(quotas.answering.set)
            await shared.exchange()
            started.append(Worker(agent, shared, quotas))
        return started

    async def pass_time(self, workers: Sequence[Worker], seconds: int) -> None:
        for _ in range(seconds):
            self.clock.now += 1
            for worker in workers:
                await worker.shared.exchange()

    async def serve(self, workers: Sequence[Worker], rates: Sequence[float], seconds: float) -> tuple[int, int]:
        """Calls that come at random, `rates` a second to each worker: how many were let in, and how many one bucket
        for all would have let in. Fails where the workers let in more than that bucket could have held."""
        random, start = Random(7), self.clock.now
        size = workers[0].limits.limits.rpm or 0
        one, exact, let_in, would = TokenBucket(size), TokenBucket(size), 0, 0
        events = [(start + random.random(), False, number) for number in range(len(workers))]
        events += [(start + random.expovariate(rate), True, number) for number, rate in enumerate(rates) if rate]
        heapq.heapify(events)
        while events[0][0] < start + seconds:
            self.clock.now, is_call, number = heapq.heappop(events)
            if not is_call:
                await workers[number].shared.exchange()
                heapq.heappush(events, (self.clock.now + 1, False, number))
                continue
            heapq.heappush(events, (self.clock.now + random.expovariate(rates[number]), True, number))
            if not exact.wait(self.clock.now):
                exact.take(1)
                would += 1
            if await workers[number].lets_in():
                assert one.level(self.clock.now) > 1 - 1e-6
                one.take(1)
                let_in += 1
        return let_in, would


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    fleet = Fleet(tmp_path)
    async with fleet.opened:
        yield fleet


@pytest.mark.parametrize(
    ("rpm", "rates"),
    [
        (60, [5, 0]),
        (600, [50, 1, 0, 0]),
        (600, [8, 0.5, 0, 0]),
        (600, [10] * 8),
        (6, [1, 0, 0, 0, 0, 0, 0, 0]),
        (6, [0.2] * 8),
        (1, [0.1, 0.1]),
    ],
    ids=["one busy", "one very busy", "enough for all", "all busy", "few calls, one busy", "few calls", "one call"],
)
async def test_together_workers_let_in_what_one_would_and_never_more(
    fleet: Fleet, rpm: int, rates: list[float]
) -> None:
    let_in, would = await fleet.serve(await fleet.start(len(rates), rpm=rpm), rates, 120)
    assert 0.97 * would - 1 <= let_in <= would


async def test_a_busy_worker_gets_what_is_free_at_once_and_what_idle_ones_hold_seconds_later(fleet: Fleet) -> None:
    workers = await fleet.start(4, rpm=700)
    await fleet.pass_time(workers, 10)
    first = await workers[0].how_many()
    # Each of the three others holds a hundred.
    assert first == pytest.approx(400, abs=8)
    second = 0
    for _ in range(4):
        await fleet.pass_time(workers, 1)
        second += await workers[0].how_many()
    in_all = 700 + 4 * 700 / 60
    assert 0.95 * in_all < first + second <= in_all


async def test_no_call_waits_while_its_worker_has_enough(fleet: Fleet) -> None:
    busy, _ = await fleet.start(2, rpm=600)
    busy.quotas.answering.clear()
    before = busy.quotas.asked
    async with asyncio.timeout(20):
        assert await busy.how_many(100) == 100
    assert busy.quotas.asked <= before + 1


async def test_a_call_does_not_wait_long_for_others_that_do_not_answer(fleet: Fleet) -> None:
    fleet.patience = 0.01
    busy, _ = await fleet.start(2, rpm=600)
    busy.quotas.answering.clear()
    async with asyncio.timeout(30):
        assert 0 < await busy.how_many() < 600
        assert await busy.waits() > 0


async def test_calls_at_the_same_moment_ask_once(fleet: Fleet) -> None:
    (worker,) = await fleet.start(1, rpm=600)
    before = worker.quotas.asked
    let_in = await asyncio.gather(*(worker.lets_in() for _ in range(500)))
    assert sum(let_in) == 500
    assert worker.quotas.asked - before < 10


async def test_after_the_time_that_retry_after_names_a_call_is_let_in(fleet: Fleet) -> None:
    busy, idle = await fleet.start(2, rpm=30)
    used = await busy.how_many()
    for _ in range(10):
        await fleet.pass_time([busy, idle], 1)
        used += await busy.how_many()
    wait = await busy.waits()
    assert 0 < wait <= 2
    fleet.clock.now += wait
    assert await busy.lets_in()


async def test_tokens_that_one_worker_used_beyond_the_limit_are_waited_for_by_all(fleet: Fleet) -> None:
    one, other = await fleet.start(2, tpm=600)
    await one.limits.enter()
    one.limits.leave(tokens=1200)
    await fleet.pass_time([one, other], 1)
    for worker in (one, other):
        assert await worker.waits() == pytest.approx(60, abs=2)
    await fleet.pass_time([one, other], 61)
    assert await other.lets_in()


async def test_what_cannot_be_shared_is_divided_evenly_and_shared_again_afterwards(fleet: Fleet) -> None:
    workers = await fleet.start(2, rpm=120)
    await fleet.pass_time(workers, 10)
    used = await workers[0].how_many()
    for worker in workers:
        worker.quotas.away = True
    await fleet.pass_time(workers, 1)
    assert [worker.shared.problem for worker in workers] == ["away", "away"]
    # All that is left of their parts, and then one a second each.
    used += sum([await worker.how_many() for worker in workers])
    assert used <= 121
    for _ in range(10):
        await fleet.pass_time(workers, 1)
        assert [await worker.how_many() for worker in workers] == [1, 1]
    for worker in workers:
        worker.quotas.away = False
    await fleet.pass_time(workers, 1)
    assert [worker.shared.problem for worker in workers] == [None, None]
    busy = 0
    for _ in range(10):
        await fleet.pass_time(workers, 1)
        busy += await workers[0].how_many()
    assert busy >= 20


async def test_away_for_long_workers_owe_no_more_than_their_shares(fleet: Fleet) -> None:
    workers = await fleet.start(2, rpm=120)
    for worker in workers:
        worker.quotas.away = True
    for _ in range(300):
        await fleet.pass_time(workers, 1)
        for worker in workers:
            await worker.how_many()
    for worker in workers:
        worker.quotas.away = False
    await fleet.pass_time(workers, 2)
    assert await workers[0].how_many() > 0


async def test_alone_a_worker_divides_by_how_many_it_heard_of(fleet: Fleet) -> None:
    here = await fleet.start(2, rpm=240)
    there = await fleet.start(2, rpm=240)
    await fleet.pass_time([*here, *there], 2)
    for worker in here:
        worker.quotas.away = True
    await fleet.pass_time(here, 1)
    await here[0].how_many()
    fleet.clock.now += 3
    # A quarter of four a second.
    assert await here[0].how_many() == 3


async def test_of_many_buckets_those_with_calls_are_told_of_each_time_and_the_others_in_turn(fleet: Fleet) -> None:
    (worker,) = await fleet.start(1, rpm=600)
    idle = {f"idle {number}" for number in range(500)}
    for name in idle:
        worker.shared.bucket(name, 600)
    # At first each must be granted something.
    await worker.shared.exchange()
    assert worker.quotas.last >= idle
    told: list[str] = []
    for _ in range(5):
        await worker.how_many(1)
        await worker.shared.exchange()
        assert "calls:a" in worker.quotas.last
        told += worker.quotas.last & idle
    assert [told.count(name) for name in idle] == [2] * 500


async def test_a_changed_limit_holds_at_once(fleet: Fleet) -> None:
    worker, _ = await fleet.start(2, rpm=600)
    await worker.how_many(10)
    worker.limits.configure(Limits())
    assert await worker.how_many(1000) == 1000
    assert worker.shared.problem is None
    worker.limits.configure(Limits(rpm=6))
    assert await worker.how_many() <= 6
