"""An agent's limits, kept over reloads of the configuration."""

import math
from collections.abc import Callable

from policies.limits import Period, TokenBucket, period_of, seconds_left
from proxy.config.model import Budget, Limits
from proxy.errors import ApiError
from stores.spending import Spending


class AgentLimits:
    """Lets a call in or says why not. `share` is this worker's part of what is counted per worker (1 / workers)."""

    def __init__(
        self, agent: str, limits: Limits, spending: Spending, *, share: float = 1.0, clock: Callable[[], float]
    ) -> None:
        self._agent = agent
        self._spending = spending
        self._share = share
        self._clock = clock
        self._in_flight = 0
        self._period_per: Period | None = None
        self._period_name = ""
        self._period_ends = 0.0
        self._calls: TokenBucket | None = None
        self._tokens: TokenBucket | None = None
        self.limits = Limits()
        self.configure(limits)

    def configure(self, limits: Limits) -> None:
        """Take over changed limits; what was used stays used."""
        self._calls = _resized(self._calls, limits.rpm and limits.rpm * self._share)
        self._tokens = _resized(self._tokens, limits.tpm and limits.tpm * self._share)
        self.limits = limits

    def enter(self) -> None:
        """Count a call in. Raises 429 with `retry-after`; when it returns, `leave` must follow."""
        limits, now = self.limits, self._clock()
        if limits.concurrency is not None and self._in_flight >= max(1, limits.concurrency * self._share):
            raise self._over("its limit of calls in flight", f"{limits.concurrency}", 1.0)
        if self._calls is not None and (wait := self._calls.wait(now)):
            raise self._over("its limit of calls per minute", f"{limits.rpm}", wait)
        if self._tokens is not None and (wait := self._tokens.wait(now)):
            raise self._over("its limit of tokens per minute", f"{limits.tpm}", wait)
        if limits.budget is not None:
            self._check_budget(limits.budget, now)
        if self._calls is not None:
            self._calls.take(1)
        self._in_flight += 1

    def leave(self, tokens: int = 0, usd: float | None = None) -> None:
        """Count a call out, with what it used."""
        self._in_flight -= 1
        if self._tokens is not None:
            self._tokens.take(tokens)
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


def _resized(bucket: TokenBucket | None, capacity: float | None) -> TokenBucket | None:
    if not capacity:
        return None
    if bucket is None:
        return TokenBucket(capacity)
    bucket.resize(capacity)
    return bucket
