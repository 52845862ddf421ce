"""What is believed of each arm, for people to read."""

from collections.abc import Sequence

import msgspec
import numpy as np

from policies.bandits import thompson
from policies.bandits.settings import BanditSettings, Thompson
from policies.bandits.state import BanditState, Count

_DRAWS = 10_000


class Standing(msgspec.Struct, frozen=True):
    """One arm's: rewards since the last restart, the mean they give, and 95 % of the posterior, in units of rewards."""

    variant: str
    n: int
    mean: float | None
    low: float
    high: float
    best: float
    """The probability that no other eligible variant, stopped ones aside, is better; 0 for one that is stopped."""

    stopped: str | None
    calls: dict[str, Count]
    """What its calls did, by limit."""


def describe(
    settings: BanditSettings, state: BanditState, eligible: Sequence[str], random: np.random.Generator
) -> list[Standing]:
    """By Thompson's posterior where the policy has one, by the Beta posterior elsewhere.

    A bandit pulls an arm less after bad luck, so the means of losing arms read low; weigh by logged propensities to
    estimate what they would earn.
    """
    policy = settings.policy if isinstance(settings.policy, Thompson) else Thompson()
    arms = [state.arm(name) for name in eligible]
    drawn = thompson.means(policy, arms, random, _DRAWS)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0).tolist()
    running = [i for i, name in enumerate(eligible) if name not in state.stops]
    best = dict(zip(running, thompson.best(drawn[:, running]), strict=True)) if running else {}
    return [
        Standing(
            variant=name,
            n=arm.n,
            mean=settings.unscaled(arm.mean) if arm.n else None,
            low=settings.unscaled(low[i]),
            high=settings.unscaled(high[i]),
            best=best.get(i, 0.0),
            stopped=state.stops[name].reason if name in state.stops else None,
            calls=dict(arm.calls),
        )
        for i, (name, arm) in enumerate(zip(eligible, arms, strict=True))
    ]
