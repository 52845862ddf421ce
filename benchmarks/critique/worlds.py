"""Critics of known quality: how often an answer is right, is flagged when it is wrong or right, is fixed or broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

CALLS, LATE = 600, 50
"""How many calls there are, and how many more there have been when the labels of one arrive."""
FIX, BREAK = 0.3, 0.5


@dataclass(frozen=True)
class Critic:
    """Of answers that are right with probability `p`."""

    p: float
    tpr: float
    fpr: float
    fix: float = FIX
    breaks: float = BREAK

    @property
    def gain(self) -> float:
        """What critique adds to the share of right answers."""
        return (1 - self.p) * self.tpr * self.fix - self.p * self.fpr * self.breaks


BLIND = Critic(p=0.7, tpr=0.5, fpr=0.3)
GROUNDED = Critic(p=0.7, tpr=0.9, fpr=0.02)
USELESS = Critic(p=0.7, tpr=0.7, fpr=0.18)
"""What it fixes it breaks elsewhere."""


@dataclass(frozen=True)
class World:
    """`critics` by the call from which on each is the one. `both`: the labels of both versions arrive, else only that
    of the version that was shown."""

    critics: Mapping[int, Critic]
    calls: int = CALLS
    both: bool = True

    def critic(self, call: int) -> Critic:
        return self.critics[max(first for first in self.critics if first <= call)]


class Answered(NamedTuple):
    """One call: whether the first answer was right; whether it was flagged, if it was critiqued; what came of it."""

    before: bool
    flagged: bool | None
    after: bool


def answer(critic: Critic, on: bool, random: Random) -> Answered:
    right = random.random() < critic.p
    if not on:
        return Answered(right, None, right)
    if random.random() >= (critic.fpr if right else critic.tpr):
        return Answered(right, False, right)
    return Answered(right, True, random.random() >= critic.breaks if right else random.random() < critic.fix)


WORLDS: Mapping[str, World] = {
    "blind": World({0: BLIND}),
    "grounded": World({0: GROUNDED}),
    "useless": World({0: USELESS}, calls=2_000),
    "mended": World({0: BLIND, CALLS: GROUNDED}, calls=4_000),
    "untold": World({0: BLIND}, calls=20_000, both=False),
}
TITLES: Mapping[str, str] = {
    "blind": "blind",
    "grounded": "grounded",
    "useless": "useless: what it fixes it breaks elsewhere",
    "mended": f"blind, then grounded from call {CALLS} on",
    "untold": "blind, and only the version that was shown is judged",
}
