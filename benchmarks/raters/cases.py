"""What is played: a world, and what is asked of it."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.raters.methods import METHODS
from benchmarks.raters.worlds import ATTACKS, LABELS, Poll, World, poll
from policies.interactions import interactions
from policies.raters import believe

ALPHA = 0.05
_DRAWS = 400


@dataclass(frozen=True)
class Case:
    title: str
    world: World
    alarm: bool = False
    """Whether favour of a variant is looked for, rather than labels."""


_TITLES = {
    "flip": "30 % flip every vote",
    "flip4": "20 % flip every vote and cast 4×",
    "up4": "20 % always vote up and cast 4×",
}
CASES = {
    **{name: Case(_TITLES[name], world) for name, world in ATTACKS.items()},
    "honest": Case("all honest", World()),
    "random": Case("30 % vote at random", World("random", 0.3)),
    **{
        f"{name}_{gold}": Case(f"{_TITLES[name]}; {gold} gold items", replace(world, gold=gold))
        for name, world in ATTACKS.items()
        for gold in (5, 0)
    },
    "alarm_honest": Case("nobody favours a variant", World(), alarm=True),
    **{
        f"alarm_{name}": Case(f"nobody favours a variant; {_TITLES[name]}", world, alarm=True)
        for name, world in ATTACKS.items()
    },
    "alarm_1": Case("1 of 40 always votes up on one variant", World(fans=1), alarm=True),
    "alarm_3": Case("3 of 40", World(fans=3), alarm=True),
    "alarm_8": Case("8 of 40", World(fans=8), alarm=True),
}

Figures = dict[str, float]
"""Of one seed: the accuracy of each method, or whether there was an alarm and whether it named the right variant."""


def play(name: str, seed: int) -> Figures:
    case = CASES[name]
    random = np.random.default_rng(seed)
    said = poll(case.world, random)
    return _alarm(said, random) if case.alarm else _accuracies(said)


def _accuracies(said: Poll) -> Figures:
    """Over the items that are not gold."""
    asked = [item for item in said.truth if item not in said.gold]
    found: Figures = {}
    for name, method in METHODS.items():
        labels = method.labels(said)
        found[name] = sum(labels[item] == said.truth[item] for item in asked) / len(asked)
    return found


def _alarm(said: Poll, random: np.random.Generator) -> Figures:
    beliefs = believe(said.votes, gold=said.gold, labels=LABELS)
    alarm = interactions(
        said.votes,
        beliefs,
        variants=said.variants,
        gold=said.gold,
        cohorts=said.cohorts,
        random=random,
        alpha=ALPHA,
        draws=_DRAWS,
    )
    return {
        "raised": float(alarm.raised),
        "right": float(any(one.variant == "c" and one.mean > one.expected for one in alarm.favours)),
    }
