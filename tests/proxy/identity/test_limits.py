"""Calls, tokens and money are counted by the clock that is given, and refused with the time to wait."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.limits import period_of, seconds_left
from proxy.config.model import Limits
from proxy.errors import ApiError
from proxy.identity.limits import AgentLimits
from proxy.identity.shared_limits import SharedLimits
from stores.spending import Spending, SqliteSums


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limited(spending: Spending, clock: Clock, *, workers: int = 1, **limits: Any) -> AgentLimits:
    shared = SharedLimits(None, workers=workers, clock=clock)
    return AgentLimits("a", Limits.model_validate(limits), spending, shared, clock=clock)


@pytest.fixture
def spending(tmp_path: Path) -> Iterator[Spending]:
    spending = Spending(SqliteSums(tmp_path / "state.db"))
    yield spending
    spending.close()


async def refusal(limits: AgentLimits) -> ApiError:
    with pytest.raises(ApiError) as refused:
        await limits.enter()
    return refused.value


async def test_after_the_time_that_retry_after_names_a_call_is_let_in(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=30)
    for _ in range(30):
        await limits.enter()
    wait = int((await refusal(limits)).headers["retry-after-ms"]) / 1000
    assert wait == 2.0
    clock.now += wait - 0.01
    await refusal(limits)
    clock.now += 0.01
    await limits.enter()
    await refusal(limits)


async def test_tokens_used_beyond_the_limit_are_waited_for(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, tpm=600)
    await limits.enter()
    limits.leave(tokens=1200)
    wait = int((await refusal(limits)).headers["retry-after"])
    assert wait == pytest.approx(60, abs=1)
    clock.now += wait
    await limits.enter()


async def test_a_refused_call_uses_none_of_the_other_limits(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=2, tpm=60)
    await limits.enter()
    limits.leave(tokens=61)
    await refusal(limits)
    await refusal(limits)
    clock.now += 2
    await limits.enter()


async def test_a_call_over_the_budget_uses_none_of_the_calls_per_minute(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=2, budget={"usd": 1, "per": "hour"})
    await limits.enter()
    limits.leave(usd=1.5)
    for _ in range(5):
        assert (await refusal(limits)).code == "insufficient_quota"


async def test_a_budget_begins_anew_with_its_period(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, budget={"usd": 1, "per": "day"})
    await limits.enter()
    limits.leave(usd=1.0)
    wait = int((await refusal(limits)).headers["retry-after"])
    assert wait == pytest.approx(seconds_left(clock.now, "day"), abs=1)
    clock.now += wait
    await limits.enter()
    assert spending.spent("a", period_of(clock.now, "day")) == 0


async def test_calls_in_flight_are_divided_evenly_among_workers(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, workers=2, concurrency=10)
    for _ in range(5):
        await limits.enter()
    assert "calls in flight (10)" in (await refusal(limits)).message
    limits.leave()
    await limits.enter()


async def test_changed_limits_keep_what_was_used(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=10)
    for _ in range(5):
        await limits.enter()
    limits.configure(Limits(rpm=20))
    for _ in range(10):
        await limits.enter()
    await refusal(limits)
    limits.configure(Limits())
    await limits.enter()
