"""What is known of one agent's variants, brought forward by its runs and scores, and as the document it is kept in."""

import hashlib
from typing import Final

import msgspec

from policies import bandits
from policies.bandits import BanditSettings, BanditState, Epoch
from proxy.config.reward import RECORDED, Reward
from proxy.rewards.units import Combine, Earned, Kept, Sticky, Units, mean
from records.run import Run
from records.score import Score, score_id
from stores.runs import IndexedRun

_RATER: Final = "burnish"
_encode: Final = msgspec.msgpack.Encoder().encode


class Terms(msgspec.Struct, frozen=True):
    """By what an agent learns. A change of what was folded means to count anew; of what rewards are, to reward anew."""

    agent: str
    reward: Reward
    sticky: Sticky
    bandit: BanditSettings

    @property
    def rewarded_by(self) -> str:
        """The version of its rewards."""
        told = self.reward.model_dump(mode="json", include={"scores", "cost", "latency", "wait", "missing"})
        return _digest(told, self.sticky)

    @property
    def folded_by(self) -> str:
        bandit = self.bandit
        return _digest(self.rewarded_by, bandit.policy, bandit.limits, bandit.change, bandit.bounds)


class Document(msgspec.Struct):
    """All that must outlive the process; everything in it can be made again from the record."""

    folded_by: str
    runs: int = 0
    """Up to where runs were read, by the store's order; likewise scores."""

    scores: int = 0
    bandit: BanditState = BanditState()
    kept: Kept = msgspec.field(default_factory=Kept)
    epoch: Epoch | None = None
    recorded: dict[str, float] = {}
    """The shares that were last told to the ledger."""

    history: tuple[dict[str, float], ...] = ()
    """Shares of the latest epochs."""


_DECODER: Final = msgspec.msgpack.Decoder(Document)


def document_of(state: bytes) -> Document | None:
    """None where it was written by another version of Burnish: it is made again."""
    try:
        return _DECODER.decode(state)
    except msgspec.MsgspecError:
        return None


class Learned:
    """Runs and scores go in, in their stores' order; rewards come out, go into the ledger, and come in as scores."""

    def __init__(self, terms: Terms, document: Document, *, combine: Combine = mean) -> None:
        self._terms = terms
        self._version = terms.rewarded_by
        self.document = document
        self._units = Units(terms.reward, terms.sticky, document.kept, combine=combine)
        self._rewards: list[bandits.Reward] = []
        self._outcomes: list[bandits.Outcome] = []

    def encoded(self) -> bytes:
        self.document.kept = self._units.kept()
        return _encode(self.document)

    def run(self, indexed: IndexedRun) -> None:
        run = indexed.run
        self.document.runs = indexed.seq
        if run.source == "live" and run.turn == "main" and run.assignment is not None:
            self._outcomes.append(_outcome(run))
            self._units.run(run)

    def score(self, seq: int, score: Score) -> None:
        self.document.scores = seq
        if score.agent != self._terms.agent:
            return
        if score.evaluator != RECORDED:
            self._units.score(score)
        elif score.source == "code" and score.version == self._version and score.value is not None:
            if not self._units.rewarded(score.subject):
                return
            context = score.details.get("context")
            self._rewards.append(
                bandits.Reward(
                    variant=score.details["variant"],
                    value=score.value,
                    at_ns=score.created_ns,
                    id=score.subject,
                    context=tuple(context) if context else None,
                )
            )

    def fold(self) -> bool:
        """Folds what came in; whether anything did."""
        if not (self._rewards or self._outcomes):
            return False
        document = self.document
        document.bandit = bandits.fold(self._terms.bandit, document.bandit, self._rewards, self._outcomes)
        self._rewards, self._outcomes = [], []
        return True

    def settle(self, now_ns: int) -> list[Score]:
        """The rewards of the units whose time has come, as scores to be put."""
        return [self._score(earned, now_ns) for earned in self._units.settle(now_ns)]

    def waiting(self) -> dict[str, int]:
        return self._units.waiting()

    def _score(self, earned: Earned, now_ns: int) -> Score:
        unit = earned.unit
        agent, rater = self._terms.agent, rater_of(self._version)
        return Score(
            id=score_id(agent, "run", unit.id, None, RECORDED, rater),
            tenant=unit.tenant,
            agent=agent,
            subject=unit.id,
            evaluator=RECORDED,
            version=self._version,
            source="code",
            rater=rater,
            value=earned.value,
            details={
                "variant": unit.variant,
                "policy": unit.policy,
                "epoch": unit.epoch,
                "propensity": unit.propensity,
                "context": unit.context,
                "scores": dict(earned.said),
                "calls": unit.calls,
                "cost_usd": unit.cost_usd,
                "seconds": unit.seconds / unit.calls,
            },
            created_ns=now_ns,
        )


def rater_of(version: str) -> str:
    """Rewards by other settings are another's."""
    return f"{_RATER} {version}"


def _outcome(run: Run) -> bandits.Outcome:
    return bandits.Outcome(
        variant=run.variant,
        at_ns=run.ended_ns,
        error=run.outcome == "error",
        violations=sum(1 for _ in run.facts("violation")),
        latency_ms=run.duration_ms,
        cost_usd=run.cost_usd,
    )


def _digest(*told: object) -> str:
    return hashlib.blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=6).hexdigest()
