"""Worlds of raters: 400 items, 40 raters, five votes an item; some raters are bad and may vote more often."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from policies.raters import Vote

Kind: TypeAlias = Literal["honest", "flip", "up", "random"]

LABELS = ("down", "up")
ITEMS, RATERS, VOTES, GOLD = 400, 40, 5, 40


@dataclass(frozen=True)
class World:
    """A share of the raters is bad: `flip` always votes wrong, `up` always up, `random` by lot.

    A bad rater is `often` times as likely to be asked. The `fans` (honest otherwise) always vote up on the last of the
    variants, which get a third of the items each.
    """

    kind: Kind = "honest"
    share: float = 0.0
    often: int = 1
    gold: int = GOLD
    fans: int = 0


ATTACKS = {
    "flip": World("flip", 0.3),
    "flip4": World("flip", 0.2, 4),
    "up4": World("up", 0.2, 4),
}


@dataclass(frozen=True)
class Poll:
    """What raters said, and what only the simulation knows."""

    votes: tuple[Vote, ...]
    gold: Mapping[str, str]
    truth: Mapping[str, str]
    variants: Mapping[str, str]
    cohorts: Mapping[str, str]
    """Fans are one cohort; the others are dealt into four."""


def poll(world: World, random: np.random.Generator) -> Poll:
    truth = random.integers(0, 2, ITEMS)
    variant = random.integers(0, 3, ITEMS)
    bad = round(world.share * RATERS)
    accuracy = random.uniform(0.75, 0.90, RATERS)
    asked = np.where(np.arange(RATERS) < bad, float(world.often), 1.0)
    fans = range(bad, bad + world.fans)
    votes = []
    for item in range(ITEMS):
        for rater in random.choice(RATERS, VOTES, replace=False, p=asked / asked.sum()).tolist():
            right = int(truth[item])
            label = right if random.random() < accuracy[rater] else 1 - right
            if rater < bad:
                label = {"flip": 1 - right, "up": 1, "random": int(random.integers(0, 2)), "honest": label}[world.kind]
            elif rater in fans and variant[item] == 2:
                label = 1
            votes.append(Vote(f"rater {rater}", f"item {item}", LABELS[label]))
    known = random.choice(ITEMS, world.gold, replace=False).tolist()
    return Poll(
        votes=tuple(votes),
        gold={f"item {item}": LABELS[truth[item]] for item in known},
        truth={f"item {item}": LABELS[truth[item]] for item in range(ITEMS)},
        variants={f"item {item}": "abc"[variant[item]] for item in range(ITEMS)},
        cohorts={f"rater {rater}": "fans" if rater in fans else f"cohort {rater % 4}" for rater in range(RATERS)},
    )
