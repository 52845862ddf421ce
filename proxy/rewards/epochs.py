"""From what is known of an agent's variants to the epoch that workers route by, and the decisions that it holds."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from policies.assignment import epoch_of
from policies.bandits import BanditSettings, BanditState, Epoch
from policies.bandits.publish import publish
from records.decision import Decision, DecisionKind
from records.variant import Variant
from stores.routing import Published

ACTOR: Final = "burnish"
EPOCHS: Final[tuple[DecisionKind, ...]] = ("epoch", "stop", "restart", "winner")
"""The kinds of decisions that carry the epoch they were made with."""
_MATERIAL: Final = 0.1
"""Shares that together moved by so much are told to the ledger."""


def next_epoch(
    agent: str,
    settings: BanditSettings,
    state: BanditState,
    eligible: Sequence[str],
    now_ns: int,
    *,
    previous: Epoch | None,
    waiting: Mapping[str, int],
) -> Epoch:
    """The same for the same state: chance is drawn from the agent's name and the epoch's number."""
    number = previous.number + 1 if previous else 1
    seed = hashlib.blake2b(f"{agent}\0{number}".encode(), digest_size=16).digest()
    random = np.random.default_rng(int.from_bytes(seed, "big"))
    return publish(settings, state, eligible, random, now_ns, previous=previous, pending=waiting)


def name_of(epoch: Epoch) -> str:
    """Its number and its shares: should numbers be given anew, no two epochs of different shares have one name."""
    shares = dict(epoch.probabilities)
    for stratum, each in epoch.strata.items():
        shares.update({f"{stratum}/{name}": share for name, share in each.items()})
    return f"{epoch.number}-{epoch_of(epoch.policy, shares)}"


def published(agent: str, epoch: Epoch, variants: Sequence[Variant]) -> Published:
    return Published(
        agent=agent,
        epoch=name_of(epoch),
        policy=epoch.policy,
        probabilities=dict(epoch.probabilities),
        strata={name: dict(shares) for name, shares in epoch.strata.items()},
        variants=tuple(variants),
        at_ns=epoch.at_ns,
    )


def moved(recorded: Mapping[str, float], epoch: Epoch) -> bool:
    """Whether the shares are materially other than those that were told last."""
    now = epoch.probabilities
    return sum(abs(now.get(name, 0.0) - recorded.get(name, 0.0)) for name in {*now, *recorded}) / 2 >= _MATERIAL


def decisions(
    agent: str, tenant: str, config_hash: str, state: BanditState, epoch: Epoch, recorded: Mapping[str, float]
) -> Iterator[Decision]:
    """What the epoch decided, in words, with all it was decided from; the epoch itself where shares moved much.

    The same epoch gives the same ids.
    """
    evidence = {"epoch": msgspec.to_builtins(epoch), "state": msgspec.to_builtins(_told(state, epoch))}

    def decision(kind: DecisionKind, subject: str, text: str) -> Decision:
        told = f"{agent}\0{kind}\0{subject}\0{name_of(epoch)}"
        return Decision(
            id=hashlib.blake2b(told.encode(), digest_size=16).hexdigest(),
            tenant=tenant,
            agent=agent,
            kind=kind,
            subject=subject,
            text=text,
            evidence=evidence,
            actor=ACTOR,
            created_ns=epoch.at_ns,
            config_hash=config_hash,
        )

    other = []
    for text in epoch.why:
        kind, subject = _kind(text, state, epoch)
        if kind == "epoch":
            other.append(text)
        else:
            yield decision(kind, subject, text)
    if other or moved(recorded, epoch):
        shares = ", ".join(f"{name} {share:.1%}" for name, share in epoch.probabilities.items())
        yield decision("epoch", "", "; ".join([*other, f"shares: {shares}"]))


def _kind(text: str, state: BanditState, epoch: Epoch) -> tuple[DecisionKind, str]:
    for name in epoch.stopped:
        if text.startswith(f"stopped {name}: "):
            return "stop", name
    for restart in state.restarts:
        if text.startswith(f"restart after {restart.variant} "):
            return "restart", restart.variant
    if epoch.winner is not None and text.startswith(f"winner {epoch.winner} "):
        return "winner", epoch.winner
    return "epoch", ""


def _told(state: BanditState, epoch: Epoch) -> BanditState:
    """The state without what only change detection needs, and without variants that are gone."""
    arms = {name: msgspec.structs.replace(state.arm(name), bins={}) for name in epoch.joined}
    return msgspec.structs.replace(state, arms=arms)
