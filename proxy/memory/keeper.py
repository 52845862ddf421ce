"""Keeps the memory of one agent: reads what was said of its runs, admits answers, retires what harms, fills the index.

It may be killed anywhere. What it decides is kept together with how far it has read; what was said of an answer is
looked up in the record each time, so that nothing counts twice. The index follows the store, and is compared with it.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from policies.retrieval import uplift
from policies.retrieval.admission import DAY_NS
from policies.retrieval.screening import VERSION, screen
from proxy.config.reward import RECORDED
from proxy.memory.claims import Claim, Claims
from proxy.memory.effects import Effects
from proxy.memory.judging import Judge, Judged, retired, same
from proxy.memory.notes import Notes, notes_of
from proxy.memory.raters import Raters
from proxy.memory.shelf import Shelf
from proxy.memory.terms import MemoryTerms
from records.decision import Decision
from records.insight import Insight
from records.score import Score
from stores.answers import AnswerIndex
from stores.embedding import Embedder
from stores.insights import InsightStore, Noted
from stores.ledger import Ledger
from stores.runs import RunFilter, RunStore

ACTOR: Final = "burnish"
_SWEEP_EVERY_NS: Final = 3_600 * 10**9
_EARLY_NS: Final = 3_600 * 10**9
"""How long a run is waited for that something was said of."""
_MOST_EARLY: Final = 10_000
_AT_ONCE: Final = 200
_PAGE: Final = 500


class Stores(NamedTuple):
    """Where it reads and writes."""

    runs: RunStore
    ledger: Ledger
    insights: InsightStore


class Keeper:
    """`clock` is in nanoseconds since the epoch; `at_once` is how many runs and scores are read in one step."""

    def __init__(
        self,
        terms: MemoryTerms,
        stores: Stores,
        index: AnswerIndex,
        embedder: Embedder,
        *,
        clock: Callable[[], int],
        at_once: int = _AT_ONCE,
    ) -> None:
        self._terms = terms
        self._agent = terms.agent
        self._stores = stores
        self._index = index
        self._embedder = embedder
        self._clock = clock
        self._at_once = at_once
        self._noted: Noted | None = None
        self._notes = Notes()
        self._shelf: Shelf | None = None
        self._effects: Effects | None = None
        self._raters = Raters(terms.agent, stores.ledger, clock=clock)
        self._sweep_at_ns = 0
        self._weighed = -1

    @property
    def calls(self) -> int:
        """How many calls tell what being shown answers does."""
        return self._notes.uplift.calls

    def step(self) -> bool:
        """Does what is to be done; true where there is more of it. May be called again after any error."""
        try:
            return self._step()
        except BaseException:
            # What was kept last is true; what was made of it since may be half done.
            self._shelf = None
            raise

    def _step(self) -> bool:
        shelf, effects = self._loaded()
        if shelf.fill():
            self._keep([])
            return True
        now_ns = self._clock()
        changed: dict[str, Insight] = {}
        more = self._hear(changed, now_ns)
        more = effects.settle(now_ns, self._at_once) or more
        self._retire_harmful(changed, now_ns)
        worn: list[str] = []
        if now_ns >= self._sweep_at_ns:
            self._sweep_at_ns = now_ns + _SWEEP_EVERY_NS
            worn = self._sweep(changed, now_ns)
        self._keep(list(changed.values()))
        if worn and self._shelf is not None:
            self._stores.insights.delete(worn, for_good=False)
            self._shelf = None
        return more or bool(changed)

    def _loaded(self) -> tuple[Shelf, Effects]:
        if self._shelf is not None and self._effects is not None:
            return self._shelf, self._effects
        noted = self._stores.insights.noted(self._agent)
        notes = notes_of(noted.document) if noted is not None else Notes()
        if notes.ruled_by != self._terms.ruled_by:
            # By other rules all is judged again, from the first score on.
            notes.ruled_by, notes.scores, notes.early = self._terms.ruled_by, 0, {}
        self._noted, self._notes = noted, notes
        self._effects = Effects(self._agent, self._terms.reward, self._stores.runs, self._stores.ledger, notes)
        self._shelf = Shelf(self._agent, self._terms.tenant, self._stores.insights, self._index, self._embedder, notes)
        return self._shelf, self._effects

    def _keep(self, insights: Sequence[Insight]) -> None:
        document = self._notes.encoded()
        if not insights and self._noted is not None and document == self._noted.document:
            return
        kept = self._stores.insights.keep(self._agent, self._noted, document, insights)
        if kept is None:
            # A person, or who deletes runs, has changed something meanwhile: all is read again.
            self._shelf = None
        self._noted = kept

    # What was said

    def _hear(self, changed: dict[str, Insight], now_ns: int) -> bool:
        """Judges the answers that something was said of. True where there is more."""
        notes = self._notes
        scores = self._stores.ledger.scores_after(notes.scores, self._at_once)
        if scores:
            notes.scores = scores[-1].seq
        spoken = [each.score.subject for each in scores if self._concerns(each.score)]
        runs = self._present(dict.fromkeys((*notes.early, *spoken)), now_ns)
        if runs:
            claims = Claims(self._terms, self._stores.runs, self._stores.ledger, self._raters.reliability)
            claims.load(runs)
            self._judge(runs, claims, changed, now_ns)
        return len(scores) == self._at_once

    def _concerns(self, score: Score) -> bool:
        return score.agent == self._agent and score.kind == "run" and score.evaluator != RECORDED

    def _present(self, runs: Iterable[str], now_ns: int) -> list[str]:
        """Those that are in the store; the others are waited for."""
        notes, wanted = self._notes, list(runs)
        there: set[str] = set()
        for start in range(0, len(wanted), _PAGE):
            which = RunFilter(ids=wanted[start : start + _PAGE], agent=self._agent)
            there.update(run.id for run in self._stores.runs.find(which, _PAGE))
        for run in wanted:
            if run in there or notes.early.setdefault(run, now_ns + _EARLY_NS) <= now_ns:
                notes.early.pop(run, None)
        for run in list(notes.early)[: max(0, len(notes.early) - _MOST_EARLY)]:
            del notes.early[run]
        return [run for run in wanted if run in there]

    def _judge(self, runs: Sequence[str], claims: Claims, changed: dict[str, Insight], now_ns: int) -> None:
        insights, notes = self._stores.insights, self._notes
        claimed = {id: None for run in runs for id in claims.of(run)}
        known = {each.id: each for each in insights.insights(self._agent, runs=runs)}
        known.update((each.id, each) for each in insights.insights(self._agent, ids=list(claimed)))
        claims.load(run for each in known.values() for run in each.runs)
        judge = Judge(self._terms, notes.charges, now_ns)
        for id in dict.fromkeys((*known, *claimed)):
            before = changed.get(id) or known.get(id)
            found = claims.for_answer(id, (*runs, *(before.runs if before else ())))
            judged = self._judged(judge, id, before, found)
            if judged is not None and not same(before, judged.insight):
                self._accept(judged, changed, now_ns)

    def _judged(self, judge: Judge, id: str, before: Insight | None, claims: Sequence[Claim]) -> Judged | None:
        assert self._shelf is not None
        judged = judge.first_look(id, before, claims)
        newly = judged is not None and judged.insight.state == "admitted" and (not before or before.state != "admitted")
        if judged is None or not newly:
            return judged
        return judge.beside(judged, claims, self._shelf.near(judged.insight))

    def _accept(self, judged: Judged, changed: dict[str, Insight], now_ns: int) -> None:
        assert self._shelf is not None
        insight, notes = judged.insight, self._notes
        changed[insight.id] = insight
        for other in self._all(judged.replaces, changed):
            reason = f"{insight.short} answers nearly the same question, and is better borne out"
            changed[other.id] = retired(other, reason, now_ns)
            self._shelf.lose(other.id)
        if insight.state == "admitted":
            self._shelf.expect(insight)
        elif insight.state == "retired":
            self._shelf.lose(insight.id)
        if judged.charged:
            notes.charges[:] = [each for each in notes.charges if each[0] > judged.at_ns - 2 * DAY_NS]
            notes.charges += [(judged.at_ns, person) for person in judged.charged]

    def _all(self, ids: Sequence[str], changed: Mapping[str, Insight]) -> list[Insight]:
        """As they are to be, or as they are."""
        stored = [id for id in ids if id not in changed]
        found = self._stores.insights.insights(self._agent, ids=stored) if stored else []
        return [*found, *(changed[id] for id in ids if id in changed)]

    # What it did

    def _retire_harmful(self, changed: dict[str, Insight], now_ns: int) -> None:
        """Each with a decision, which is the same when it is made again."""
        notes = self._notes
        if notes.uplift.calls == self._weighed:
            return
        harmful = uplift.to_retire(notes.uplift, retired=notes.harmful)
        for insight in self._all(harmful, changed):
            if insight.state == "admitted":
                decision = harm(insight, notes.uplift, self._terms.config_hash, now_ns)
                self._stores.ledger.add_decision(decision)
                changed[insight.id] = retired(insight, decision.text, now_ns, held=True)
        notes.harmful += harmful
        self._weighed = notes.uplift.calls

    # What grew old

    def _sweep(self, changed: dict[str, Insight], now_ns: int) -> list[str]:
        """Retires what has grown old, and screens again what was screened by other rules. Returns the ids of what was
        never admitted, or is no more, for as long: they are deleted."""
        insights, notes = self._stores.insights, self._notes
        admitted = insights.ids(self._agent, ["admitted"])
        for start in range(0, len(admitted), _PAGE):
            for insight in self._all(admitted[start : start + _PAGE], changed):
                if insight.state != "admitted":
                    continue
                if insight.expires_ns is not None and insight.expires_ns <= now_ns:
                    changed[insight.id] = retired(insight, "it grew old", now_ns)
                elif notes.screened != VERSION:
                    verdict = screen(insight.question, insight.text, tools=insight.tools, skip=self._terms.skip)
                    if not verdict.passed and not insight.held:
                        reason = f"{verdict.rule}: {verdict.reason}"
                        changed[insight.id] = msgspec.structs.replace(
                            insight, state="quarantined", reason=reason, changed_ns=now_ns
                        )
        notes.screened = VERSION
        days = self._terms.admission.ttl_days
        if days is None:
            return []
        before_ns = now_ns - int(days * DAY_NS)
        idle = insights.insights(self._agent, states=["waiting", "retired"])
        return [each.id for each in idle if each.changed_ns < before_ns and not each.held and each.id not in changed]


def harm(insight: Insight, state: uplift.UpliftState, config_hash: str, now_ns: int) -> Decision:
    """That an answer was retired because it harmed, with all that it was told from."""
    told = next(each for each in uplift.per_item(state) if each.id == insight.id)
    effect = told.effect
    words = "it harms the calls that are shown it"
    if effect.value is not None:
        words += f": their reward changes by {effect.value:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})"
    return Decision(
        id=hashlib.blake2b(f"{insight.agent}\0harm\0{insight.id}".encode(), digest_size=16).hexdigest(),
        tenant=insight.tenant,
        agent=insight.agent,
        kind="memory",
        subject=insight.id,
        text=words,
        evidence={
            "insight": insight.id,
            "was": insight.state,
            "now": "retired",
            "effect": effect.value,
            "low": effect.low if math.isfinite(effect.low) else None,
            "high": effect.high if math.isfinite(effect.high) else None,
            "shown": effect.shown,
            "hidden": effect.hidden,
            "e_value": told.evidence,
            "alpha": uplift.ALPHA,
            "share": uplift.SHARE,
            "answers": len(state.items),
        },
        actor=ACTOR,
        created_ns=now_ns,
        config_hash=config_hash,
    )
