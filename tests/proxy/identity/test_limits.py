"""Calls, tokens and money are counted by the clock that is given, and refused with the time to wait."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.limits import period_of, seconds_left
from proxy.config.model import Limits
from proxy.errors import ApiError
from proxy.identity.limits import AgentLimits
from stores.spending import Spending, SqliteSums


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limited(spending: Spending, clock: Clock, *, share: float = 1.0, **limits: Any) -> AgentLimits:
    return AgentLimits("a", Limits.model_validate(limits), spending, share=share, clock=clock)


@pytest.fixture
def spending(tmp_path: Path) -> Iterator[Spending]:
    spending = Spending(SqliteSums(tmp_path / "state.db"))
    yield spending
    spending.close()


def refusal(limits: AgentLimits) -> ApiError:
    with pytest.raises(ApiError) as refused:
        limits.enter()
    return refused.value


def test_after_the_time_that_retry_after_names_a_call_is_let_in(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=30)
    for _ in range(30):
        limits.enter()
    wait = int(refusal(limits).headers["retry-after-ms"]) / 1000
    assert wait == 2.0
    clock.now += wait - 0.01
    refusal(limits)
    clock.now += 0.01
    limits.enter()
    refusal(limits)


def test_tokens_used_beyond_the_limit_are_waited_for(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, tpm=600)
    limits.enter()
    limits.leave(tokens=1200)
    wait = int(refusal(limits).headers["retry-after"])
    assert wait == pytest.approx(60, abs=1)
    clock.now += wait
    limits.enter()


def test_a_refused_call_uses_none_of_the_other_limits(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=2, tpm=60)
    limits.enter()
    limits.leave(tokens=61)
    refusal(limits)
    refusal(limits)
    clock.now += 2
    limits.enter()


def test_a_call_over_the_budget_uses_none_of_the_calls_per_minute(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=2, budget={"usd": 1, "per": "hour"})
    limits.enter()
    limits.leave(usd=1.5)
    for _ in range(5):
        assert refusal(limits).code == "insufficient_quota"


def test_a_budget_begins_anew_with_its_period(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, budget={"usd": 1, "per": "day"})
    limits.enter()
    limits.leave(usd=1.0)
    wait = int(refusal(limits).headers["retry-after"])
    assert wait == pytest.approx(seconds_left(clock.now, "day"), abs=1)
    clock.now += wait
    limits.enter()
    assert spending.spent("a", period_of(clock.now, "day")) == 0


def test_workers_share_what_is_counted_per_worker(spending: Spending, clock: Clock) -> None:
    two = [limited(spending, clock, share=0.5, rpm=10) for _ in range(2)]
    for limits in two:
        for _ in range(5):
            limits.enter()
        refusal(limits)


def test_changed_limits_keep_what_was_used(spending: Spending, clock: Clock) -> None:
    limits = limited(spending, clock, rpm=10)
    for _ in range(5):
        limits.enter()
    limits.configure(Limits(rpm=20))
    for _ in range(10):
        limits.enter()
    refusal(limits)
    limits.configure(Limits())
    limits.enter()
