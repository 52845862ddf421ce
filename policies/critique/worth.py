"""Whether critique helps: learned online, for each stratum of calls apart, and it is switched off and on by that.

With p the share of right answers, it is worth it only when (1 - p) TPR fix > p FPR break. The difference is what it
adds to answers on average, and that is tested, in two ways. Where both versions of a revised answer were judged, by
what the one has over the other. And, as chance alone decided which calls were critiqued, by the rewards of those
against the others': with π the probability of being critiqued, y the reward and m what was foretold of it,
(on - π) (y - m) averages to π (1 - π) times what critique adds.

Either is used as a bet against "it is worth it" while it is on, against "it is not" while it is off (Waudby-Smith &
Ramdas 2024). What the bets make of 1 is an e-process: where what is bet against is true, it ever reaches 1/α with
probability α at most, however often one looks (Ville 1939); and so does the mean of the two. Nothing is kept but sums.
"""

import copy
import math
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from policies.arms import Arm
from policies.critique.choosing import DEFAULT
from policies.critique.settings import WorthSettings
from policies.critique.tally import Tally, Tried

_PAIRED: Final = 0.8
"""The part of the evidence that is bet on both versions of answers: they tell more, from fewer calls, than rewards."""
_GAINS: Final = (0.25, 0.5)
"""Stakes on what critique made of an answer that it revised, from -1 to 1."""
_EFFECTS: Final = (0.05, 0.1, 0.2)
"""What critique may add to a reward or take from it: the alternatives that are bet on."""
_LATE: Final = 0.1
"""The part of a stake that is kept for what begins later."""
_RISK: Final = 0.9
"""Of what it has, a bet risks no more."""
_MOST: Final = 1e12
_MOST_STRATA: Final = 50


class Bets(msgspec.Struct, array_like=True):
    """What several stakes have made of their shares of 1."""

    wealth: tuple[float, ...]
    rounds: int = 0

    @property
    def evidence(self) -> float:
        """With what is still kept for later."""
        return sum(self.wealth) + _kept(self.rounds)

    def play(self, won: Iterable[float]) -> None:
        """`won` is what each stake wins of 1, which is less than 0 where it loses; a little begins anew each time."""
        begun = (_kept(self.rounds) - _kept(self.rounds + 1)) / len(self.wealth)
        self.wealth = tuple(min(_MOST, (had + begun) * (1 + one)) for had, one in zip(self.wealth, won, strict=True))
        self.rounds += 1


def _begun(stakes: tuple[float, ...]) -> Bets:
    return Bets(tuple((1 - _LATE) / len(stakes) for _ in stakes))


class StratumState(msgspec.Struct):
    """`critiqued` and `spared` are the rewards of calls that were critiqued and of those that were not; `tally` what
    was told of critique ever, `lately` since it was last switched."""

    on: bool = True
    switches: int = 0
    critiqued: Arm = msgspec.field(default_factory=Arm)
    spared: Arm = msgspec.field(default_factory=Arm)
    tally: Tally = msgspec.field(default_factory=Tally)
    lately: Tally = msgspec.field(default_factory=Tally)
    rewarded: int = 0
    rewards: float = 0.0
    revised: int = 0
    paired: int = 0
    accepted: int = 0
    asked: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    pairs: Bets = msgspec.field(default_factory=lambda: _begun(_GAINS))
    arms: Bets = msgspec.field(default_factory=lambda: _begun(_EFFECTS))

    @property
    def evidence(self) -> float:
        """The e-value against critique staying as it is."""
        return _PAIRED * self.pairs.evidence + (1 - _PAIRED) * self.arms.evidence

    @property
    def calls(self) -> int:
        """That were critiqued."""
        return self.critiqued.calls + self.critiqued.unrewarded


class CritiqueState(msgspec.Struct):
    """Of one agent, by stratum."""

    strata: dict[str, StratumState] = {}


class Switched(NamedTuple):
    """`evidence` is what it was decided from, `state` that of the stratum before its evidence was begun anew."""

    stratum: str
    on: bool
    evidence: float
    state: StratumState


def fold(settings: WorthSettings, state: CritiqueState, calls: Iterable[Tried]) -> list[Switched]:
    """Takes calls into the state, in the order in which they were made; each once. What that switched off or on."""
    switched = []
    for call in calls:
        stratum = call.stratum
        if stratum not in state.strata and len(state.strata) >= _MOST_STRATA:
            stratum = DEFAULT
        found = state.strata.setdefault(stratum, StratumState())
        _count(found, call)
        _bet(settings, found, call)
        alpha = settings.false_off if found.on else settings.false_on
        if found.evidence >= 1 / alpha:
            switched.append(_switch(stratum, found))
    return switched


def shares(settings: WorthSettings, state: CritiqueState) -> dict[str, float]:
    """The probability of critique, by stratum."""
    return {name: 1 - settings.holdout if stratum.on else settings.explore for name, stratum in state.strata.items()}


def _count(state: StratumState, call: Tried) -> None:
    (state.critiqued if call.on else state.spared).add(call.reward, call.probability)
    state.tally.add(call)
    state.lately.add(call)
    state.accepted += call.accepted
    if call.on:
        state.asked += call.asked
        state.tokens += call.tokens
        state.cost_usd += call.cost_usd
        state.seconds += call.seconds


def _bet(settings: WorthSettings, state: StratumState, call: Tried) -> None:
    # While it is on the bet is that it harms: what it gains is lost.
    side = -1.0 if state.on else 1.0
    cost = settings.price * call.asked
    if call.on:
        # Of revisions only those count that were judged; so no more than that part of the price does.
        judged = (state.paired + 1) / (state.revised + 1)
        gain = call.gain - judged * cost
        if gain:
            most = 1 + settings.price
            state.pairs.play([side * stake / most * gain for stake in _GAINS])
        state.revised += call.revised
        state.paired += call.revised and call.paired
    if call.reward is not None:
        foretold = (state.rewards + 1) / (state.rewarded + 2)
        chance = call.probability if call.on else 1 - call.probability
        if 0 < chance < 1:
            off = call.on - chance
            missed = off * (call.reward - cost - foretold)
            most = max(chance, 1 - chance) * (max(foretold, 1 - foretold) + settings.price)
            spread = foretold * (1 - foretold)
            state.arms.play([side * min(effect / spread, _RISK / most) * missed for effect in _EFFECTS])
        state.rewarded += 1
        state.rewards += call.reward


def _switch(stratum: str, state: StratumState) -> Switched:
    told = Switched(stratum, not state.on, state.evidence, copy.deepcopy(state))
    state.on = not state.on
    state.switches += 1
    state.lately = Tally()
    state.pairs, state.arms = _begun(_GAINS), _begun(_EFFECTS)
    return told


def _kept(rounds: int) -> float:
    """What is not yet staked after so many rounds; it falls as slowly as can be."""
    return _LATE / math.log2(rounds + 2)
