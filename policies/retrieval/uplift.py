"""Whether being shown past answers helps, and which of them harm: causal, for chance alone decided who was shown what.

A call is held out, or each of its answers is dropped, with recorded probabilities. Given which of the *other* answers a
call was shown, the probability p that one answer was shown is then known, and what the reward y does with it is its
doing: (shown - p) (y - m), where m is what was foretold of the call, averages to p (1 - p) times the effect. Summed, it
is the estimate (Robinson 1988, with p known); used as a bet against "this answer harms nobody", it is evidence that
holds however often one looks (`to_retire`).

All is kept in sums, folded call by call; m is foretold from the calls before.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import msgspec

from policies.arms import Arm, difference

ALPHA: Final = 0.02
"""The probability with which an answer that harms nobody is ever retired for harm, at most."""
SHARE: Final = 0.25
"""How many of all answers that are retired for harm harm nobody, on average, at most."""
HARMS: Final = (0.1, 0.2, 0.4)
"""What an answer may take from a reward between 0 and 1: the alternatives that are bet on."""
_SHARES: Final = (0.15, 0.6, 0.25)
_LATE: Final = 0.1
"""The part of a stake that is kept for harm that begins later: an answer may grow stale after years of good service."""
_PRIOR: Final = 20.0
"""Calls that the mean over all answers counts for in what is foretold of one."""
_SHRINK: Final = 24.0
"""Information that "no effect", give or take about 0.1, counts for where the effects of others are foretold."""
_RISK: Final = 0.9
"""Of what it has, a bet risks no more."""
_MOST: Final = 1e12
"""And it gains no more: that is proof enough."""


class Seen(NamedTuple):
    """What a call was shown (as in `AnswersShown`), and its reward from 0 to 1, None where it has none."""

    ids: Sequence[str]
    shown: Sequence[bool]
    held_out: bool
    holdout: float
    drop: float
    reward: float | None


class ItemState(msgspec.Struct, array_like=True):
    """Of one answer. `bets` are what each of `HARMS` made of its share of 1."""

    calls: int = 0
    shown: int = 0
    unrewarded: int = 0
    total: float = 0.0
    information: float = 0.0
    moment: float = 0.0
    square: float = 0.0
    cross: float = 0.0
    fourth: float = 0.0
    bets: tuple[float, ...] = tuple(share * (1 - _LATE) for share in _SHARES)

    @property
    def evidence(self) -> float:
        """What the bets made of 1, with what is still kept for later."""
        return sum(self.bets) + _kept(self.calls)


class UpliftState(msgspec.Struct):
    """All that is needed of the calls so far; `msgspec` writes and reads it."""

    held_out: Arm = msgspec.field(default_factory=Arm)
    shown: Arm = msgspec.field(default_factory=Arm)
    items: dict[str, ItemState] = {}
    calls: int = 0
    total: float = 0.0


class Effect(NamedTuple):
    """`value` is what being shown adds to the reward, on average, between `low` and `high`; None where nothing tells.

    `shown` and `hidden` count the calls with a reward; `unrewarded` those without.
    """

    value: float | None
    low: float
    high: float
    shown: int
    hidden: int
    unrewarded: int = 0


class ItemEffect(NamedTuple):
    """`evidence` is the e-value against "it harms nobody": 1/α is ever reached with probability α at most."""

    id: str
    effect: Effect
    evidence: float


def fold(state: UpliftState, calls: Iterable[Seen]) -> None:
    """Takes calls into the state; each once. Those where no answer qualified say nothing."""
    for call in calls:
        if not call.ids:
            continue
        if call.held_out:
            state.held_out.add(call.reward, call.holdout)
        else:
            state.shown.add(call.reward, 1 - call.holdout)
        for place, id in enumerate(call.ids):
            _fold_item(state, call, place, state.items.setdefault(id, ItemState()))
        if call.reward is not None:
            state.calls += 1
            state.total += call.reward


def overall(state: UpliftState, *, confidence: float = 0.95) -> Effect:
    """What retrieval adds to a call where something qualified: calls not held out against those that were."""
    with_, without = state.shown, state.held_out
    unrewarded = with_.unrewarded + without.unrewarded
    told = difference(with_, without, confidence=confidence)
    value, low, high = told if told is not None else (None, -math.inf, math.inf)
    return Effect(value, low, high, with_.calls, without.calls, unrewarded)


def per_item(state: UpliftState, *, confidence: float = 0.95) -> list[ItemEffect]:
    """Each answer's own effect, given the others that were shown; the most harmful first."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    found = [ItemEffect(id, _effect(item, z), item.evidence) for id, item in state.items.items()]
    return sorted(found, key=lambda one: (one.effect.value is None, one.effect.value or 0.0))


def to_retire(
    state: UpliftState, *, alpha: float = ALPHA, share: float = SHARE, retired: Collection[str] = ()
) -> list[str]:
    """The answers that harm. `retired` are those that are retired already.

    Two promises, however often this is asked: an answer that harms nobody is ever retired with probability `alpha` at
    most; and of all that are, `share` at most harm nobody, on average (e-BH, Wang & Ramdas 2022).
    """
    evidence = {id: item.evidence for id, item in state.items.items()}
    ranked = sorted(evidence.values(), reverse=True)
    found = max((k for k, told in enumerate(ranked, 1) if told >= len(ranked) / (share * k)), default=0)
    if not found:
        return []
    bar = max(1 / alpha, ranked[found - 1])
    return [id for id, told in evidence.items() if told >= bar and id not in retired]


def _fold_item(state: UpliftState, call: Seen, place: int, item: ItemState) -> None:
    if call.reward is None:
        item.unrewarded += 1
        return
    shown, y = call.shown[place], call.reward
    probability = chance(call, place)
    item.calls += 1
    item.shown += shown
    if 0 < probability < 1:
        foretold = _foretold(state, call, place, item)
        off = shown - probability
        missed = off * (y - foretold)
        item.information += probability * (1 - probability)
        item.moment += missed
        item.square += missed * missed
        item.cross += missed * off * off
        item.fourth += off**4
        begun = _kept(item.calls - 1) - _kept(item.calls)
        item.bets = tuple(
            min(_MOST, (bet + share * begun) * (1 - _stake(harm, foretold, probability) * missed))
            for harm, share, bet in zip(HARMS, _SHARES, item.bets, strict=True)
        )
    item.total += y


def chance(call: Seen, place: int) -> float:
    """The probability that this answer was shown, given which of the others were."""
    if any(shown for other, shown in enumerate(call.shown) if other != place):
        return 1 - call.drop
    none_else = (1 - call.holdout) * call.drop ** (len(call.ids) - 1)
    reached = call.holdout + none_else
    return none_else * (1 - call.drop) / reached if reached else 0.0


def _foretold(state: UpliftState, call: Seen, place: int, item: ItemState) -> float:
    """The reward to be expected whether or not this answer is shown: from its calls so far, and from the others'."""
    overall = (state.total + 0.5 * _PRIOR) / (state.calls + _PRIOR)
    mean = (item.total + overall * _PRIOR) / (item.calls - 1 + _PRIOR)
    for other, id in enumerate(call.ids):
        if other != place and id in state.items:
            one = state.items[id]
            mean += (
                (call.shown[other] - (1 - call.drop) * (1 - call.holdout)) * one.moment / (one.information + _SHRINK)
            )
    return min(0.95, max(0.05, mean))


def _stake(harm: float, foretold: float, probability: float) -> float:
    most = max(probability, 1 - probability) * max(foretold, 1 - foretold)
    return min(harm / (foretold * (1 - foretold)), _RISK / most)


def _kept(calls: int) -> float:
    """What is not yet staked after so many calls; it falls as slowly as can be."""
    return _LATE / math.log2(calls + 2)


def _effect(item: ItemState, z: float) -> Effect:
    hidden = item.calls - item.shown
    nothing = Effect(None, -math.inf, math.inf, item.shown, hidden, item.unrewarded)
    if item.shown < 2 or hidden < 2 or item.information <= 0:
        return nothing
    value = item.moment / item.information
    squares = item.square - 2 * value * item.cross + value * value * item.fourth
    reach = z * math.sqrt(max(squares, 0.0)) / item.information
    return nothing._replace(value=value, low=value - reach, high=value + reach)
