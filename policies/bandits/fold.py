"""Folds what became known into the bandit's state.

Folding is pure, and folding twice is folding both at once: a state can be rebuilt from its rewards and outcomes, or
brought forward from any cursor. Tests that may stop or restart something look after every event, not every batch.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from policies.bandits.change import changed, due, grown
from policies.bandits.evidence import better
from policies.bandits.guardrails import judge
from policies.bandits.linear import observed
from policies.bandits.settings import BanditSettings, Change, Contextual, Policy, TrackAndStop
from policies.bandits.state import ArmState, BanditState, Bin, Linear, Outcome, Restart, Reward, Stop
from policies.bandits.strata import nearest

_RESTARTS_KEPT: Final = 8


def fold(
    settings: BanditSettings,
    state: BanditState,
    rewards: Iterable[Reward] = (),
    outcomes: Iterable[Outcome] = (),
) -> BanditState:
    """The state after these events; `state` stays as it was. Rewards and outcomes do not touch one another."""
    folding = _Folding(settings, state)
    for reward in rewards:
        folding.reward(reward)
    for outcome in outcomes:
        folding.outcome(outcome)
    return folding.state()


class _Folding:
    """A state being changed: each arm is copied when it is first touched."""

    def __init__(self, settings: BanditSettings, state: BanditState) -> None:
        self._settings = settings
        self._arms = dict(state.arms)
        self._own: set[str] = set()
        self._stops: dict[str, Stop] = dict(state.stops)
        self._regime = state.regime
        self._restarts = state.restarts
        if state.limits != settings.limits:
            for name in self._arms:
                self._arm(name).calls = {}

    def state(self) -> BanditState:
        return BanditState(self._arms, self._stops, self._regime, self._restarts, self._settings.limits)

    def _arm(self, variant: str) -> ArmState:
        arm = self._arms.get(variant)
        if arm is None:
            arm = self._arms[variant] = ArmState()
            self._own.add(variant)
        elif variant not in self._own:
            own = {"bins": dict(arm.bins), "beats": dict(arm.beats), "calls": dict(arm.calls)}
            arm = self._arms[variant] = msgspec.structs.replace(arm, **own)
            self._own.add(variant)
        return arm

    def reward(self, reward: Reward) -> None:
        settings = self._settings
        value = settings.scaled(reward.value)
        arm = self._arm(reward.variant)
        arm.n += 1
        arm.total += value
        arm.squares += value * value
        arm.rewards += 1
        policy = settings.policy
        if isinstance(policy, Contextual) and reward.context is not None:
            arm.linear = _learned(policy, arm, reward.context, value)
        elif isinstance(policy, TrackAndStop):
            self._compare(reward.variant, arm)
        if settings.change is not None:
            stratum = _stratum(policy, reward)
            bins = arm.bins[stratum] = grown(arm.bins.get(stratum, ()), value, reward.at_ns)
            if due(bins):
                self._look(settings.change, reward, bins)

    def outcome(self, outcome: Outcome) -> None:
        stop = judge(self._settings.limits, self._arm(outcome.variant), outcome)
        if stop is not None:
            self._stops.setdefault(outcome.variant, stop)

    def _compare(self, variant: str, arm: ArmState) -> None:
        """Notes the strongest evidence yet for the better arm of each pair this one is in."""
        for name, other in self._arms.items():
            if other is arm or not other.n:
                continue
            if arm.mean > other.mean:
                evidence = better(arm.n, arm.total, other.n, other.total)
                if evidence > arm.beats.get(name, 0.0):
                    arm.beats[name] = evidence
            else:
                evidence = better(other.n, other.total, arm.n, arm.total)
                if evidence > other.beats.get(variant, 0.0):
                    self._arm(name).beats[variant] = evidence

    def _look(self, change: Change, reward: Reward, bins: tuple[Bin, ...]) -> None:
        """Starts over if these rewards of an arm changed; all that is looked at, of all arms, shares `delta`."""
        found = changed(bins, change.delta / sum(len(known.bins) for known in self._arms.values()))
        if found is None:
            return
        before, after = self._settings.unscaled(found.before), self._settings.unscaled(found.after)
        restart = Restart(reward.variant, reward.at_ns, found.since_ns, before, after, change.restart)
        self._restarts = (*self._restarts, restart)[-_RESTARTS_KEPT:]
        self._regime += 1
        for name in (reward.variant,) if change.restart == "arm" else tuple(self._arms):
            known = self._arms[name]
            self._arms[name] = ArmState(rewards=known.rewards, calls=dict(known.calls))
            self._own.add(name)
        for name in self._arms:
            if self._arms[name].beats.get(reward.variant):
                self._arm(name).beats.pop(reward.variant)


def _stratum(policy: Policy, reward: Reward) -> str:
    """An arm's mean is looked at by stratum, as a policy that tells calls apart changes which of them the arm gets."""
    if isinstance(policy, Contextual) and reward.context is not None:
        return nearest(policy.strata, reward.context)
    return ""


def _learned(policy: Contextual, arm: ArmState, context: tuple[float, ...], value: float) -> Linear:
    if len(context) != policy.features:
        raise ValueError(f"a context of {len(context)} features, where the strata have {policy.features}")
    return observed(arm.linear, context, value)
