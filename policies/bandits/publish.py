"""Turns a bandit's state into the next epoch."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from policies.bandits import contextual, thompson, track_and_stop, ucb
from policies.bandits.epoch import Epoch
from policies.bandits.reins import caps, floors, held
from policies.bandits.settings import BanditSettings, Contextual, Fixed, Thompson, TrackAndStop, Ucb, Weighted
from policies.bandits.state import ArmState, BanditState
from policies.bandits.why import reasons


def publish(
    settings: BanditSettings,
    state: BanditState,
    eligible: Sequence[str],
    random: np.random.Generator,
    now_ns: int,
    *,
    previous: Epoch | None = None,
    pending: Mapping[str, int] | None = None,
) -> Epoch:
    """The epoch after `previous`. `pending` counts assignments whose rewards are still to come; only UCB heeds it."""
    if not eligible or len(set(eligible)) != len(eligible):
        raise ValueError(f"eligible variants must be at least one, each named once, not {list(eligible)}")
    policy = settings.policy
    stopped = {name: state.stops[name].reason for name in eligible if name in state.stops}
    running = [name for name in eligible if name not in stopped]
    # Somebody has to answer.
    serving = running or [settings.incumbent if settings.incumbent in eligible else eligible[0]]
    known = previous.joined if previous else {}
    joined = {name: known.get(name, now_ns) for name in eligible}
    arms = [state.arm(name) for name in serving]
    winner = track_and_stop.winner(policy.delta, state, serving) if isinstance(policy, TrackAndStop) else None
    low = floors(settings, serving)
    high = caps(settings, serving, arms, joined, now_ns)

    def reined(shares: Sequence[float]) -> dict[str, float]:
        """The policy's shares of those serving, as every eligible variant gets them."""
        # Shares the owner set are the owner's.
        kept = shares if isinstance(policy, Fixed | Weighted) else held(shares, low, high)
        given = dict(zip(serving, kept, strict=True))
        return {name: given.get(name, 0.0) for name in eligible}

    if winner is not None:
        shares = [float(name == winner) for name in serving]
    else:
        shares = _shares(settings, serving, arms, pending or {}, random)
    strata = {}
    if isinstance(policy, Contextual) and contextual.ready(policy, arms):
        strata = {name: reined(each) for name, each in contextual.shares(policy, arms, random).items()}
    epoch = Epoch(
        number=previous.number + 1 if previous else 1,
        at_ns=now_ns,
        policy=str(type(policy).__struct_config__.tag),
        probabilities=reined(shares),
        strata=strata,
        joined=joined,
        stopped=stopped,
        winner=winner,
        regime=state.regime,
    )
    why = tuple(reasons(policy, state, epoch, previous))
    return msgspec.structs.replace(epoch, why=why) if why else epoch


def _shares(
    settings: BanditSettings,
    serving: Sequence[str],
    arms: Sequence[ArmState],
    pending: Mapping[str, int],
    random: np.random.Generator,
) -> list[float]:
    """Before floors and ramps."""
    match settings.policy:
        case Thompson() as policy:
            return thompson.shares(policy, arms, random)
        case Contextual(below=policy):
            return thompson.shares(policy, arms, random)
        case Ucb() as policy:
            return ucb.shares(policy, arms, [pending.get(name, 0) for name in serving])
        case TrackAndStop():
            return track_and_stop.shares([arm.mean for arm in arms], [arm.n for arm in arms])
        case Weighted(weights=weights):
            wanted = [weights.get(name, 0.0) for name in serving]
        case Fixed(variant=variant):
            wanted = [float(name == variant) for name in serving]
    if not any(wanted):
        # None of those named may serve.
        wanted = [float(name == settings.incumbent or settings.incumbent not in serving) for name in serving]
    total = sum(wanted)
    return [one / total for one in wanted]
