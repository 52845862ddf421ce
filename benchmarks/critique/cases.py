"""What is played: a world, and the code that folds real calls and draws which of them are critiqued."""

from collections import deque
from random import Random
from typing import Literal, NamedTuple, TypeAlias

from benchmarks.critique.worlds import LATE, WORLDS, Answered, answer
from policies.critique.choosing import Chosen, choose
from policies.critique.settings import WorthSettings
from policies.critique.tally import Tried
from policies.critique.worth import CritiqueState, fold, shares

Way: TypeAlias = Literal["burnish", "always on", "always off"]
WAYS: tuple[Way, ...] = ("burnish", "always on", "always off")
POINTS = 60
"""At how many times it is noted whether critique is on."""
STRATUM = "question"


class Game(NamedTuple):
    """One seed. `reward` is the share of right answers over all calls; `was_on` tells at each point whether critique
    was on; `switches` are the calls after which it was switched."""

    reward: float
    was_on: tuple[bool, ...]
    switches: tuple[int, ...]

    @property
    def on(self) -> bool:
        """At the end."""
        return self.was_on[-1]


def play(case: str, seed: int) -> Game:
    """`case` is a world's name and a way, with a colon between."""
    name, _, way = case.partition(":")
    world, random = WORLDS[name], Random(seed)
    settings, state = WorthSettings(), CritiqueState()
    waiting: deque[Tried] = deque()
    right, was_on, switches = 0, [], []
    for call in range(world.calls):
        if len(waiting) > LATE and way == "burnish":
            switches += [call for _ in fold(settings, state, [waiting.popleft()])]
        chosen = _chosen(way, settings, state, random)
        answered = answer(world.critic(call), chosen.on, random)
        waiting.append(_tried(answered, chosen, both=world.both))
        right += answered.after
        if (call + 1) % (world.calls // POINTS) == 0:
            was_on.append(way == "always on" or (way == "burnish" and _is_on(state)))
    return Game(right / world.calls, tuple(was_on), tuple(switches))


def _chosen(way: str, settings: WorthSettings, state: CritiqueState, random: Random) -> Chosen:
    if way != "burnish":
        return Chosen(way == "always on", 1.0)
    return choose(shares(settings, state), STRATUM, holdout=settings.holdout, uniform=random.random())


def _is_on(state: CritiqueState) -> bool:
    return STRATUM not in state.strata or state.strata[STRATUM].on


def _tried(answered: Answered, chosen: Chosen, *, both: bool) -> Tried:
    revised = bool(answered.flagged)
    return Tried(
        STRATUM,
        chosen.on,
        chosen.probability,
        flagged=answered.flagged,
        revised=revised,
        accepted=revised,
        asked=chosen.on,
        reward=float(answered.after),
        before=float(answered.before) if both or not revised else None,
        after=float(answered.after),
    )
