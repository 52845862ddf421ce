"""A policy's mean reward from a log, by inverse propensities (IPS), self-normalised (SNIPS) or doubly robust (DR).

All three are ratios of sums over sessions, so one linearised interval serves them (`policies.offpolicy.interval`).
SNIPS and DR are narrower than IPS; DR is unbiased as well, even where the log's bandit adapted to what it saw.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from policies.offpolicy.interval import Bounds, effective, interval
from policies.offpolicy.log import Floats, Log, Logged, Policy, Weighted
from policies.offpolicy.outcomes import expected

Method: TypeAlias = Literal["ips", "snips", "dr"]
Missing: TypeAlias = Literal["at_random", "lowest", "bounded"]
"""Rewards that have not come: as those of the same variant that have; the least possible; or anything in the bounds."""

_FEW: Final = 30
_MANY_MISSING: Final = 0.05
_IMAGINED: Final = 4
_ODD: Final = 4.0
"""Standard errors that the mean weight may be away from 1 before the propensities are doubted."""


@dataclass(frozen=True)
class Estimate:
    """A policy's mean reward a decision. `effective` sessions of equal weight would tell as much as these did.

    By IPS and DR the value may lie out of the rewards' bounds: cut off there it would no longer be unbiased.
    `missing` is each variant's share of decisions whose reward has not come; `left_out` how many decisions could not
    speak for the policy; `warnings` are sentences for people.
    """

    value: float
    low: float
    high: float
    confidence: float
    method: Method
    decisions: int
    left_out: int
    sessions: int
    effective: float
    missing: Mapping[str, float]
    warnings: tuple[str, ...] = ()


def estimate(
    decisions: Sequence[Logged],
    policy: Policy,
    *,
    method: Method = "dr",
    confidence: float = 0.95,
    bounds: Bounds | None = (0.0, 1.0),
    missing: Missing = "at_random",
) -> Estimate:
    """What the policy would have earned on what was decided on in `decisions`, given in the order they were made.

    `bounds` are the least and the most a reward can be, None where there are none. Raises `NoSupport` where the log
    cannot tell, `ValueError` for rewards out of bounds.
    """
    return _of(Log(decisions), policy, _Options(method, confidence, bounds, missing))


def every_variant(
    decisions: Sequence[Logged],
    *,
    method: Method = "dr",
    confidence: float = 0.95,
    bounds: Bounds | None = (0.0, 1.0),
    missing: Missing = "at_random",
) -> dict[str, Estimate]:
    """What each variant would have earned alone; all the intervals hold at once with `confidence` (Šidák 1967).

    Variants without a reward are not among them.
    """
    log = Log(decisions)
    alone = confidence ** (1 / max(1, len(log.rewarded)))
    options = _Options(method, alone, bounds, missing)
    return {variant: _of(log, {variant: 1.0}, options) for variant in log.rewarded}


@dataclass(frozen=True)
class _Options:
    method: Method
    confidence: float
    bounds: Bounds | None
    missing: Missing

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence {self.confidence!r}: must be between 0 and 1")
        if self.bounds is None and self.missing != "at_random":
            raise ValueError(f"missing={self.missing!r} needs the bounds of the reward")


def _of(log: Log, policy: Policy, options: _Options) -> Estimate:
    weighted = log.weighted(policy)
    _check(weighted.reward, options.bounds)
    least, most = options.bounds or (0.0, 0.0)
    absent = weighted.missing()
    told = weighted.filled(least) if options.missing == "lowest" else weighted
    value, low, high, count = _figures(told, options)
    if options.missing == "bounded":
        low = min(low, _figures(weighted.filled(least), options)[1])
        high = max(high, _figures(weighted.filled(most), options)[2])
    return Estimate(
        value=value,
        low=low,
        high=high,
        confidence=options.confidence,
        method=options.method,
        decisions=len(weighted.chosen),
        left_out=len(log) + log.broken - len(weighted.chosen),
        sessions=int(weighted.session.max()) + 1,
        effective=count,
        missing=dict(zip(log.variants, absent.tolist(), strict=True)),
        warnings=tuple(_warnings(log, weighted, absent, count, options)),
    )


def _check(reward: Floats, bounds: Bounds | None) -> None:
    if np.isinf(reward).any():
        raise ValueError("a reward is infinite")
    if bounds and ((reward < bounds[0]) | (reward > bounds[1])).any():
        wrong = reward[(reward < bounds[0]) | (reward > bounds[1])][0]
        raise ValueError(f"reward {wrong:g} is out of bounds {bounds}: give the bounds that rewards have, or None")


def _figures(log: Weighted, options: _Options) -> tuple[float, float, float, float]:
    """Value, low, high and the effective number of sessions."""
    # A reward that came stands for those of its variant that did not.
    weight = np.where(log.answered, log.weight / np.maximum(1 - log.missing()[log.chosen], 1e-12), 0.0)
    reward = np.where(log.answered, log.reward, 0.0)
    bottom = weight if options.method == "snips" else np.ones_like(weight)
    if options.method == "dr":
        outcome = expected(log, sum(options.bounds) / 2 if options.bounds else 0.0)
        chosen = np.take_along_axis(outcome, log.chosen[:, None], axis=1)[:, 0]
        top = (log.target * outcome).sum(axis=1) + weight * (reward - chosen)
    else:
        top = weight * reward
    tops, bottoms, weights = log.by_session(top), log.by_session(bottom), log.by_session(weight)
    value = float(tops.sum() / bottoms.sum())
    low, high = interval(tops, bottoms, weights, confidence=options.confidence, bounds=options.bounds)
    if options.bounds:
        low, high = max(low, options.bounds[0]), min(high, options.bounds[1])
    return value, min(low, value), max(high, value), effective(weights)


def _warnings(log: Log, weighted: Weighted, absent: Floats, count: float, options: _Options) -> Sequence[str]:
    found = []
    if log.broken:
        found.append(f"{log.broken} decisions are left out: their propensity is not above 0 and at most 1")
    unsupported = len(log) - len(weighted.chosen)
    if unsupported:
        found.append(f"{unsupported} decisions are left out: not all that the policy wants could be chosen in them")
    if count < _FEW:
        found.append(f"this rests on {count:.1f} sessions' worth of decisions; wait for more than {_FEW}")
    if _odd(weighted):
        found.append(
            f"the weights average {weighted.weight.mean():.2f} and should average 1: "
            "the propensities are not those that the choices were made with"
        )
    if options.missing == "at_random":
        found += [
            f"{absent[place]:.0%} of the rewards of {log.variants[place]!r} have not come and are taken to be like the "
            "others; missing='bounded' shows what they can change"
            for place in np.flatnonzero(weighted.target.any(axis=0) & (absent > _MANY_MISSING))
        ]
    return found


def _odd(log: Weighted) -> bool:
    """Whether the weights are further from 1 in the mean than chance takes them."""
    weights = log.by_session(log.weight)
    surplus = log.by_session(log.weight - 1)
    # Where little was seen the spread seen says too little: a few sessions of common weight are counted with it.
    common = float(weights @ weights) / float(weights.sum())
    spread = math.sqrt(float(surplus @ surplus) + _IMAGINED * common**2)
    return abs(float(surplus.sum())) > _ODD * spread
