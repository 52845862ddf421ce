"""Stops a variant for what its calls do, whatever they earn.

Every limit is a claim about a mean of values between 0 and 1, tested after each call at `alpha` by the evidence against
it, so a few errors stop nothing and looking all the time costs nothing:

- errors and violations: the share of calls with one is at most the limit;
- the 95th percentile of latency is at most the limit: the share of slower calls is at most 5 %;
- the mean cost is at most the limit: so is the mean of costs cut off at ten times the limit.
"""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from policies.bandits.evidence import above
from policies.bandits.settings import Limits
from policies.bandits.state import ArmState, BanditState, Count, Outcome, Stop

_TAIL: Final = 0.05
_CUT: Final = 10.0


class _Held(NamedTuple):
    """A call held against one limit: its value, and the mean that is allowed."""

    metric: str
    value: float
    allowed: float


def judge(limits: Limits, arm: ArmState, outcome: Outcome) -> Stop | None:
    """Counts the call, and says when the variant has to stop."""
    stop = None
    for held in _held(limits, outcome):
        count = arm.calls.get(held.metric) or Count()
        count = Count(count.n + 1, count.total + held.value)
        arm.calls[held.metric] = count
        if stop is None and held.value > held.allowed:
            evidence = above(count.n, count.total, held.allowed)
            if evidence >= -math.log(limits.alpha):
                stop = Stop(_reason(limits, held.metric, count), outcome.at_ns)
    return stop


def resume(state: BanditState, variant: str) -> BanditState:
    """Lets a stopped variant have traffic again; its calls are counted anew, its rewards stay."""
    if variant not in state.stops:
        raise ValueError(f"variant {variant!r} is not stopped; stopped are: {', '.join(state.stops) or 'none'}")
    arms = dict(state.arms)
    if variant in arms:
        arms[variant] = msgspec.structs.replace(arms[variant], calls={})
    stops = {name: stop for name, stop in state.stops.items() if name != variant}
    return msgspec.structs.replace(state, arms=arms, stops=stops)


def _held(limits: Limits, outcome: Outcome) -> Iterator[_Held]:
    if limits.error_rate is not None:
        yield _Held("errors", float(outcome.error), limits.error_rate)
    if limits.violation_rate is not None:
        yield _Held("violations", float(outcome.violations > 0), limits.violation_rate)
    if limits.latency_p95_ms is not None and outcome.latency_ms is not None:
        yield _Held("slow", float(outcome.latency_ms > limits.latency_p95_ms), _TAIL)
    if limits.mean_cost_usd is not None and outcome.cost_usd is not None:
        yield _Held("cost", min(1.0, max(0.0, outcome.cost_usd) / (_CUT * limits.mean_cost_usd)), 1 / _CUT)


def _reason(limits: Limits, metric: str, count: Count) -> str:
    sure = f"({count.n} calls, alpha {limits.alpha:g})"
    match metric:
        case "errors":
            return f"error rate {count.mean:.3g} > {limits.error_rate:g} {sure}"
        case "violations":
            return f"violation rate {count.mean:.3g} > {limits.violation_rate:g} {sure}"
        case "slow":
            return f"latency p95 > {limits.latency_p95_ms:g} ms: {count.mean:.1%} of the calls took longer {sure}"
        case _:
            cost = count.mean * _CUT * (limits.mean_cost_usd or 0.0)
            return f"mean cost ${cost:.3g} > ${limits.mean_cost_usd:g} {sure}"
