"""Worlds of past answers: 40 of them, 3 relevant to a call; some harm the calls that are shown them."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from policies.retrieval.selection import draw
from policies.retrieval.uplift import Seen

ITEMS, RELEVANT, CALLS = 40, 3, 6_000
BASE, HOLDOUT, DROP = 0.60, 0.10, 0.15


@dataclass(frozen=True)
class World:
    """`harmful` of the answers add `harm` to a call's chance of success when they are shown, the others `helps`.

    A call that a `hard` answer is relevant to succeeds less often by `harder`, whether or not it is shown.
    """

    harmful: int = 4
    harm: float = -0.25
    helps: float = 0.02
    hard: int = 0
    harder: float = 0.0


MEMORY = World()
HARMLESS = World(harmful=0, helps=0.0)
HARD = World(harmful=0, helps=0.0, hard=8, harder=0.25)


class Truth(NamedTuple):
    """What only the simulation knows, by answer."""

    effects: Mapping[str, float]
    harder: Mapping[str, float]

    @property
    def harmful(self) -> frozenset[str]:
        return frozenset(name for name, effect in self.effects.items() if effect < 0)

    @property
    def uplift(self) -> float:
        """What showing answers adds to a call that is not held out, on average."""
        return RELEVANT * (1 - DROP) * sum(self.effects.values()) / len(self.effects)


def truth_of(world: World, random: np.random.Generator) -> Truth:
    order = [f"answer {place}" for place in random.permutation(ITEMS).tolist()]
    return Truth(
        {name: world.harm if place < world.harmful else world.helps for place, name in enumerate(order)},
        {name: world.harder if place < world.hard else 0.0 for place, name in enumerate(order)},
    )


def call(truth: Truth, retired: Container[str], random: np.random.Generator) -> Seen:
    """One call; the product's own draw decides what it is shown of the relevant answers that are not retired."""
    relevant = [f"answer {place}" for place in random.choice(ITEMS, RELEVANT, replace=False).tolist()]
    ids = [name for name in relevant if name not in retired]
    held_out, shown = draw(ids, holdout=HOLDOUT, drop=DROP, uniform=lambda _: float(random.random()))
    chance = BASE - sum(truth.harder[name] for name in relevant)
    chance += sum(truth.effects[name] for name, was in zip(ids, shown, strict=True) if was)
    return Seen(ids, shown, held_out, HOLDOUT, DROP, float(random.random() < chance))
