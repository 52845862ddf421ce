"""What is played: a policy in a world, at a pace."""

from dataclasses import dataclass

from benchmarks.bandits.play import AT_ONCE, Pace
from benchmarks.bandits.worlds import FIVE_ARMS, SAME, SWAP, World
from policies.bandits import BanditSettings, Change, Policy, Thompson, TrackAndStop, Ucb

DELTA = 0.05
_CLASSIC = Thompson(draws=1)
"""One draw an epoch and one pull an epoch: the textbook's Thompson sampling."""


@dataclass(frozen=True)
class Case:
    title: str
    settings: BanditSettings
    world: World = FIVE_ARMS
    pace: Pace = AT_ONCE


def _free(policy: Policy) -> BanditSettings:
    """The policy alone: no floor, no ramp, no limits, no change detection."""
    return BanditSettings(policy=policy, floor=0.0, ramp=None, change=None)


_RESTARTING = BanditSettings(policy=_CLASSIC, floor=0.01, ramp=None, change=Change())
_TRACK_AND_STOP = _free(TrackAndStop(delta=DELTA))

CASES = {
    "thompson": Case("Thompson, each reward at once", _free(_CLASSIC)),
    "batched": Case("Thompson, an epoch every 500 pulls", _free(Thompson()), pace=Pace(epoch=500)),
    "delayed": Case("Thompson, rewards 1,000 pulls late", _free(_CLASSIC), pace=Pace(delay=1_000)),
    "kl_ucb": Case("KL-UCB, each reward at once", _free(Ucb())),
    "still": Case("Thompson, restart and 1 % floor, nothing changes", _RESTARTING),
    "swap_plain": Case("Thompson, best arm swaps", _free(_CLASSIC), SWAP),
    "swap": Case("Thompson, restart and 1 % floor, best arm swaps", _RESTARTING, SWAP),
    "track": Case("Track-and-stop, an epoch every 100 pulls", _TRACK_AND_STOP, pace=Pace(epoch=100)),
    "same": Case("Track-and-stop, all arms alike", _TRACK_AND_STOP, SAME, Pace(epoch=100)),
}
