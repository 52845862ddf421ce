"""What is played: a world and the method that retires answers in it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.memory.methods import METHODS, TITLES, Burnish
from benchmarks.memory.worlds import CALLS, HARD, HARMLESS, MEMORY, Truth, World, call, truth_of
from policies.retrieval.uplift import UpliftState, overall, per_item

LOOK = 20
"""Calls from one look at the evidence to the next."""
POINTS = 60
"""At how many times the curves are drawn."""


@dataclass(frozen=True)
class Case:
    """Without a method, nothing is retired: what is asked is how often intervals hold the truth."""

    title: str
    world: World
    method: str | None


_WORLDS = {
    "memory": (MEMORY, "4 of 40 harm"),
    "harmless": (HARMLESS, "none of 40 does anything"),
    "hard": (HARD, "none does anything, 8 belong to hard questions"),
}
CASES = {
    **{
        f"{name}_{method}": Case(f"{title}: {TITLES[method]}", world, method)
        for name, (world, title) in _WORLDS.items()
        for method in METHODS
    },
    "kept": Case("4 of 40 harm, nothing is retired: intervals", MEMORY, None),
}


class Game(NamedTuple):
    """One seed. `found` and `flagged` are the shares of harmful and of other answers that were retired by each of
    `POINTS` times; `figures` what else there is to tell of it."""

    found: tuple[float, ...]
    flagged: tuple[float, ...]
    figures: dict[str, float]


def play(name: str, seed: int) -> Game:
    case = CASES[name]
    random = np.random.default_rng(seed)
    truth = truth_of(case.world, random)
    if case.method is None:
        return Game((), (), _intervals(truth, random))
    method = METHODS[case.method]()
    retired: dict[str, int] = {}
    found, flagged = [], []
    for number in range(1, CALLS + 1):
        method.see(call(truth, retired, random))
        if number % LOOK == 0:
            for name in method.harmful():
                retired.setdefault(name, number)
        if number % (CALLS // POINTS) == 0:
            found.append(_share(truth.harmful, retired))
            flagged.append(_share(truth.effects.keys() - truth.harmful, retired))
    at = [number for name, number in retired.items() if name in truth.harmful]
    return Game(tuple(found), tuple(flagged), {"calls": sum(at) / len(at)} if at else {})


def _share(asked: frozenset[str] | set[str], retired: dict[str, int]) -> float:
    return sum(name in retired for name in asked) / len(asked) if asked else 0.0


def _intervals(truth: Truth, random: np.random.Generator) -> dict[str, float]:
    """How often 95 % intervals hold the truth, and how wide they are."""
    method = Burnish()
    for _ in range(CALLS):
        method.see(call(truth, {}, random))
    state: UpliftState = method.state
    whole, items = overall(state), per_item(state)
    return {
        "overall": float(whole.low <= truth.uplift <= whole.high),
        "overall_width": whole.high - whole.low,
        "item": sum(one.effect.low <= truth.effects[one.id] <= one.effect.high for one in items) / len(items),
        "item_width": sum(one.effect.high - one.effect.low for one in items) / len(items),
    }
