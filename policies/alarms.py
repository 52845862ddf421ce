"""The alarm for raters who favour a variant, as a Decision that says who, which, and by how much."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

import numpy as np

from policies.believed import LABELS, labels_of, votes_of
from policies.interactions import Alarm, Favour, interactions
from policies.raters import believe
from records.decision import Decision
from records.run import JsonValue
from records.score import Score

ACTOR: Final = "burnish"
ALPHA: Final = 0.005
"""Chance of a false alarm a look: where one looks once a day, fewer than two a year."""
_SHORT: Final = 8
_NAMED: Final = 3


def favour_alarm(
    agent: str,
    tenant: str,
    scores: Sequence[Score],
    *,
    variants: Mapping[str, str],
    gold: Mapping[str, float],
    now_ns: int,
    random: np.random.Generator,
    alpha: float = ALPHA,
    config_hash: str = "",
) -> Decision | None:
    """None where nobody favours a variant. `variants` names the variant of each run, `gold` as in `believed`.

    `subject` is the variant that is favoured most. The same favours have the same id: an alarm that is found again is
    no new one.
    """
    votes = [vote for vote in votes_of(scores) if vote.item in variants]
    labels = labels_of(gold)
    beliefs = believe(votes, gold=labels, labels=LABELS)
    alarm = interactions(votes, beliefs, variants=variants, gold=labels, random=random, alpha=alpha)
    if not alarm.raised:
        return None
    cells = sorted(f"{favour.who}\0{favour.variant}" for favour in alarm.favours)
    return Decision(
        id=hashlib.blake2b("\0".join((agent, "favour", *cells)).encode(), digest_size=16).hexdigest(),
        tenant=tenant,
        agent=agent,
        kind="alarm",
        subject=max(alarm.favours, key=lambda favour: favour.mean - favour.expected).variant,
        text=_text(alarm),
        evidence={
            "alpha": alarm.alpha,
            "tested": alarm.tested,
            "votes": len(votes),
            "gold": sum(vote.item in gold for vote in votes),
            "favours": [_evidence(favour) for favour in alarm.favours],
        },
        alpha=alpha,
        actor=ACTOR,
        created_ns=now_ns,
        config_hash=config_hash,
    )


def _evidence(favour: Favour) -> dict[str, JsonValue]:
    """As JSON can hold it: numpy's own numbers are none."""
    return {**asdict(favour), "mean": float(favour.mean), "expected": float(favour.expected)}


def _text(alarm: Alarm) -> str:
    told = "; ".join(map(_told, alarm.favours[:_NAMED]))
    more = len(alarm.favours) - _NAMED
    return f"raters favour a variant: {told}{f'; and {more} more' if more > 0 else ''}"


def _told(favour: Favour) -> str:
    return (
        f"{favour.who[:_SHORT]} gave {favour.variant!r} a thumb up in {favour.mean:.0%} of {favour.votes} votes, "
        f"where {favour.expected:.0%} were to be expected (p ≤ {favour.p_value:.2g})"
    )
