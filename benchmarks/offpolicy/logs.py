"""Logs of a Thompson policy with a 5 % floor, refreshed every 25 decisions, through the code that routes calls."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.bandits.worlds import FIVE_ARMS
from policies.assignment import assign
from policies.bandits import BanditSettings, BanditState, Reward, Thompson, fold
from policies.bandits.publish import publish
from policies.offpolicy import Logged

SETTINGS = BanditSettings(policy=Thompson(), floor=0.05, ramp=None, change=None)
REFRESHED = 25


@dataclass(frozen=True)
class World:
    """Arms that pay 1 with a known probability, else 0.

    A session has `turns` decisions for one arm; a turn repeats the session's first reward with probability `alike`. Of
    the failures of the first arm a share of `lost` never gets a reward.
    """

    means: Mapping[str, float]
    decisions: int = 1_500
    turns: int = 1
    alike: float = 0.0
    lost: float = 0.0


FIVE = World(FIVE_ARMS.means(0))
"""The worst of them is what has to be told."""


def log(world: World, seed: int) -> list[Logged]:
    random = np.random.default_rng(seed)
    state, epoch = BanditState(), None
    decisions: list[Logged] = []
    folded = 0
    first = next(iter(world.means))
    for session in range(world.decisions // world.turns):
        if session * world.turns % REFRESHED == 0 or epoch is None:
            rewards = [Reward(one.variant, one.reward) for one in decisions[folded:] if one.reward is not None]
            state, folded = fold(SETTINGS, state, rewards), len(decisions)
            epoch = publish(SETTINGS, state, tuple(world.means), random, session, previous=epoch)
        given = assign(epoch.policy, str(epoch.number), epoch.probabilities, random.random())
        common = float(random.random() < world.means[given.variant])
        for _ in range(world.turns):
            own = float(random.random() < world.means[given.variant])
            reward: float | None = common if world.turns == 1 or random.random() < world.alike else own
            if given.variant == first and reward == 0.0 and random.random() < world.lost:
                reward = None
            decisions.append(
                Logged(given.variant, given.propensity, reward, session=f"session {session}", eligible=given.eligible)
            )
    return decisions
