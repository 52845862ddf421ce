"""Plays a world through `publish`, `assign` and `fold`, the code that routes real calls."""

from dataclasses import dataclass

import msgspec
import numpy as np

from benchmarks.bandits.worlds import World
from policies.assignment import assign
from policies.bandits import BanditSettings, BanditState, Reward, fold
from policies.bandits.publish import publish

POINTS = 100
"""At how many pulls a curve of regret is noted."""


@dataclass(frozen=True)
class Pace:
    """How many pulls an epoch lasts, and how many pulls later a reward comes in."""

    epoch: int = 1
    delay: int = 0


AT_ONCE = Pace()


class Game(msgspec.Struct, frozen=True):
    """What came of one seed."""

    regret: list[float]
    """After each hundredth of the pulls: what the best arm would have earned more, by the true means."""

    restarts: list[int]
    """The pulls whose rewards gave a change away."""

    winner: str | None
    won_at: int | None


def play(settings: BanditSettings, world: World, pace: Pace, pulls: int, seed: int) -> Game:
    random = np.random.default_rng(seed)
    luck = random.random((pulls, 2)).tolist()
    state, epoch = BanditState(), None
    coming: list[Reward] = []
    lost, regret = 0.0, []
    restarts: list[int] = []
    won_at = None
    folded = 0
    for pull in range(pulls):
        if pull % pace.epoch == 0:
            due = max(folded, pull - pace.delay)
            regime = state.regime
            state = fold(settings, state, coming[folded:due])
            folded = due
            if state.regime > regime:
                restarts += [restart.at_ns for restart in state.restarts[regime - state.regime :]]
            epoch = publish(settings, state, world.arms, random, pull, previous=epoch)
            if epoch.winner and won_at is None:
                won_at = pull
        assert epoch is not None
        means = world.means(pull)
        arm = assign(epoch.policy, str(epoch.number), epoch.probabilities, luck[pull][0]).variant
        lost += max(means.values()) - means[arm]
        coming.append(Reward(arm, float(luck[pull][1] < means[arm]), pull))
        if (pull + 1) % (pulls // POINTS) == 0:
            regret.append(lost)
    return Game(regret, restarts, epoch.winner if epoch else None, won_at)
