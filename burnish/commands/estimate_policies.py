"""Policies as `burnish estimate` is asked for them: by name, by weights, or as what one would have learned by now."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from burnish.commands.logged import AgentLog, routing_of
from burnish.commands.records import Failure
from policies.assignment import probabilities
from policies.bandits import BanditSettings, BanditState, Contextual, Reward, fold
from policies.bandits.publish import publish
from policies.offpolicy import Policy
from proxy.config.agent import AgentConfig

_LEARNING = ("thompson", "ucb", "track_and_stop", "contextual")
FORMS = f"fixed:NAME, weighted:A=1,B=2, or one that learns: {', '.join(_LEARNING)}"


class Asked(NamedTuple):
    """A policy as it was asked for, and its shares: the same for all calls, or by stratum."""

    name: str
    shares: Mapping[str, float]
    policy: Policy
    learned: bool = False


def read_policy(
    written: str, log: AgentLog, config: AgentConfig | None, now: Callable[[], int] = time.time_ns
) -> Asked:
    """The policy that an option names. Raises `Failure` with the forms there are."""
    kind, _, rest = written.partition(":")
    if kind == "fixed" and rest:
        return Asked(written, {rest: 1.0}, {rest: 1.0})
    if kind == "weighted" and rest:
        try:
            shares = probabilities({name: float(weight) for name, weight in map(_weight, rest.split(","))})
        except ValueError as error:
            raise Failure(f"--policy {written!r}: {error}") from None
        return Asked(written, shares, shares)
    if kind in _LEARNING and not rest:
        return _learned(kind, log, config, now())
    raise Failure(f"--policy {written!r}: expected {FORMS}")


def _weight(text: str) -> tuple[str, str]:
    name, equals, weight = text.partition("=")
    if not (name and equals):
        raise ValueError(f"{text!r} is not of the form VARIANT=WEIGHT")
    return name, weight


def _learned(kind: str, log: AgentLog, config: AgentConfig | None, now_ns: int) -> Asked:
    """What such a policy would publish now, after all rewards in the log and without a ramp."""
    routing = routing_of(config)
    settings = routing.bandit(log.bounds) if routing is not None else None
    if settings is None or settings.policy.__struct_config__.tag != kind:
        if kind == "contextual":
            raise Failure("--policy contextual: the configuration's own routing says what calls are told apart by")
        settings = msgspec.convert({"policy": {"policy": kind}, "bounds": log.bounds}, BanditSettings)
    settings = msgspec.structs.replace(settings, ramp=None)
    tells_apart = isinstance(settings.policy, Contextual)
    rewards = [
        Reward(each.variant, each.value, each.at_ns, context=each.context if tells_apart else None)
        for each in log.earned
    ]
    state = fold(settings, BanditState(), rewards)
    names = tuple(dict.fromkeys(decision.variant for decision in log.decisions))
    epoch = publish(settings, state, names, np.random.default_rng(0), now_ns)
    if not epoch.strata:
        return Asked(kind, epoch.probabilities, epoch.probabilities, learned=True)
    return Asked(kind, epoch.probabilities, epoch.shares, learned=True)
