"""What is asked of a log: each arm's mean, by each method, beside what people would do without propensities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final, get_args

import numpy as np

from benchmarks.offpolicy.logs import FIVE, World, log
from policies.offpolicy import Logged, Method, Missing, estimate, every_variant

CONFIDENCE: Final = 0.9
JOINT: Final = 0.95
METHODS: Final[tuple[Method, ...]] = get_args(Method)
_RESAMPLES: Final = 200


@dataclass(frozen=True)
class Case:
    """`alone` takes each decision for a session of its own, to show what that does."""

    title: str
    world: World
    missing: Missing = "at_random"
    alone: bool = False


_RARE = World(dict(zip("abcde", (0.02, 0.5, 0.6, 0.9, 0.98), strict=True)), decisions=300)
_SESSIONS = replace(FIVE, turns=5, alike=0.8)
_LOST = replace(FIVE, lost=0.5)
CASES = {
    "five": Case("five arms, 1,500 decisions", FIVE),
    "rare": Case("arms of .02 to .98, 300 decisions", _RARE),
    "sessions": Case("300 sessions of 5 turns, much alike", _SESSIONS),
    "alone": Case("the same, turns taken for sessions", _SESSIONS, alone=True),
    "lost": Case("half of the worst arm's failures without a reward", _LOST),
    "bounded": Case("the same, bounded", _LOST, missing="bounded"),
}

Figures = dict[str, float]
"""Of one log, by `WHAT METHOD ARM`: `error` of the value, whether the interval `covered` the truth, its `width`."""


def play(name: str, seed: int) -> Figures:
    case = CASES[name]
    decisions = log(case.world, seed)
    if case.alone:
        decisions = [replace(decision, session=None) for decision in decisions]
    found = {f"error sample {arm}": value - case.world.means[arm] for arm, value in _sample_means(decisions).items()}
    for method in METHODS:
        together = every_variant(decisions, method=method, confidence=JOINT, missing=case.missing)
        for arm, truth in case.world.means.items():
            if arm not in together:
                continue
            one = estimate(decisions, {arm: 1.0}, method=method, confidence=CONFIDENCE, missing=case.missing)
            found |= _figures(f"{method} {arm}", one.value, one.low, one.high, truth)
        held = [one.low <= case.world.means[arm] <= one.high for arm, one in together.items()]
        found[f"covered {method} all"] = float(all(held))
    for arm, truth in case.world.means.items():
        if any(decision.variant == arm and decision.reward is not None for decision in decisions):
            found |= _figures(f"bootstrap {arm}", *_bootstrap(decisions, arm, np.random.default_rng(seed)), truth)
    return found


def _figures(what: str, value: float, low: float, high: float, truth: float) -> Figures:
    return {
        f"error {what}": value - truth,
        f"covered {what}": float(low <= truth <= high),
        f"width {what}": high - low,
    }


def _sample_means(decisions: Sequence[Logged]) -> Figures:
    """What a dashboard shows."""
    rewards: dict[str, list[float]] = {}
    for decision in decisions:
        if decision.reward is not None:
            rewards.setdefault(decision.variant, []).append(decision.reward)
    return {arm: fmean(values) for arm, values in rewards.items()}


def _bootstrap(decisions: Sequence[Logged], arm: str, random: np.random.Generator) -> tuple[float, float, float]:
    """SNIPS with the percentiles of resampled decisions, as other libraries have it."""
    seen = [one for one in decisions if one.variant == arm and one.reward is not None]
    weight = np.array([1 / one.propensity for one in seen])
    reward = np.array([one.reward for one in seen], float)
    # How often each decision is drawn again; those for other arms weigh nothing.
    again = random.poisson(1.0, (_RESAMPLES, len(seen))) @ np.stack([weight * reward, weight], axis=1)
    means = again[again[:, 1] > 0]
    low, high = np.quantile(means[:, 0] / means[:, 1], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(weight @ reward / weight.sum()), float(low), float(high)
