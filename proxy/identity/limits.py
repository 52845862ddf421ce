"""An agent's limits, kept over reloads of the configuration."""

import math
from collections.abc import Callable

from policies.limits import Period, period_of, seconds_left
from proxy.config.model import Budget, Limits
from proxy.errors import ApiError
from proxy.identity.shared_bucket import SharedBucket
from proxy.identity.shared_limits import SharedLimits
from stores.spending import Spending


class AgentLimits:
    """Lets a call in or says why not. What is in flight is counted per worker: each has an even share of that."""

    def __init__(
        self, agent: str, limits: Limits, spending: Spending, shared: SharedLimits, *, clock: Callable[[], float]
    ) -> None:
        self._agent = agent
        self._spending = spending
        self._shared = shared
        self._clock = clock
        self._in_flight = 0
        self._period_per: Period | None = None
        self._period_name = ""
        self._period_ends = 0.0
        self._calls: SharedBucket | None = None
        self._tokens: SharedBucket | None = None
        self.limits = Limits()
        self.configure(limits)

    def configure(self, limits: Limits) -> None:
        """Take over changed limits; what was used stays used."""
        self._calls = self._shared.bucket(f"calls:{self._agent}", limits.rpm)
        self._tokens = self._shared.bucket(f"tokens:{self._agent}", limits.tpm)
        self.limits = limits

    async def enter(self) -> None:
        """Count a call in. Raises 429 with `retry-after`; when it returns, `leave` must follow.

        It waits for others only where it would be refused by what this worker knows, and they may know better.
        """
        now = self._clock()
        for bucket in (self._calls, self._tokens):
            if bucket is not None and bucket.should_ask(now) and bucket.wait(now):
                await self._shared.more(bucket)
                now = self._clock()
        self._admit(now)

    def _admit(self, now: float) -> None:
        limits = self.limits
        if limits.concurrency is not None and self._in_flight >= max(1, limits.concurrency / self._shared.workers):
            raise self._over("its limit of calls in flight", f"{limits.concurrency}", 1.0)
        if self._calls is not None and (wait := self._calls.wait(now)):
            raise self._over("its limit of calls per minute", f"{limits.rpm}", wait)
        if self._tokens is not None and (wait := self._tokens.wait(now)):
            raise self._over("its limit of tokens per minute", f"{limits.tpm}", wait)
        if limits.budget is not None:
            self._check_budget(limits.budget, now)
        if self._calls is not None:
            self._shared.take(self._calls, 1, now)
        self._in_flight += 1

    def leave(self, tokens: int = 0, usd: float | None = None) -> None:
        """Count a call out, with what it used."""
        self._in_flight -= 1
        if self._tokens is not None:
            self._shared.take(self._tokens, tokens, self._clock())
        if usd and self.limits.budget is not None:
            self._spending.add(self._agent, self._period(self._clock(), self.limits.budget.per), usd)

    def _check_budget(self, budget: Budget, now: float) -> None:
        if self._spending.spent(self._agent, self._period(now, budget.per)) >= budget.usd:
            left = math.ceil(self._period_ends - now)
            raise ApiError(
                429,
                f"agent {self._agent!r} has spent its budget of {budget.usd:g} USD a {budget.per}; "
                f"the next {budget.per} begins in {left} s (UTC)",
                type="insufficient_quota",
                code="insufficient_quota",
                headers={"retry-after": str(left), "x-should-retry": "false"},
            )

    def _period(self, now: float, per: Period) -> str:
        """The calendar period of `now`, looked up only when the last one is over."""
        if now >= self._period_ends or per != self._period_per:
            self._period_per = per
            self._period_name = period_of(now, per)
            self._period_ends = now + seconds_left(now, per)
        return self._period_name

    def _over(self, what: str, limit: str, wait: float) -> ApiError:
        return ApiError(
            429,
            f"agent {self._agent!r} is over {what} ({limit}); try again in {math.ceil(wait)} s",
            type="rate_limit_error",
            code="rate_limit_exceeded",
            headers={"retry-after": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))},
        )
