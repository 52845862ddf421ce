"""Keeps what is known of one agent's critique: reads its runs and what was said of them, and publishes how often it is
given.

It may be killed anywhere. What it knows is kept as one document with its cursor, replaced as a whole and only by
whoever has read it; what it puts into the ledger and among the insights has the same ids when it is put again.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from policies.critique.facts import Critiqued
from policies.critique.tally import Tried
from policies.critique.why import evidence_of, text_of
from policies.critique.worth import Switched, fold, shares
from proxy.critique.judged import all_said, critiqued_in, tried
from proxy.critique.known import Known, encoded, known_from
from proxy.critique.revised import critique, heard_again, preference, revision_is_better
from proxy.critique.terms import CritiqueTerms
from records.decision import Decision
from records.insight import Insight
from records.score import Score
from stores.critique_states import CritiqueShares
from stores.insights import InsightStore
from stores.ledger import Ledger, ScoreFilter
from stores.routing import Folded
from stores.runs import IndexedRun, RunFilter, RunStore
from stores.states import States

ACTOR: Final = "burnish"
_UNSAVED: Final = 1_000
"""Places in the order of runs that may have to be read again after a restart, where nothing was learned from them."""


class Stores(NamedTuple):
    """Where it reads and writes."""

    runs: RunStore
    ledger: Ledger
    insights: InsightStore
    states: States[CritiqueShares]


class _Settled(NamedTuple):
    indexed: IndexedRun
    fact: Critiqued
    call: Tried


class CritiqueKeeper:
    """Calls count in the order in which their runs were put, each as soon as all was said of it, or the time is over
    in which scores are waited for. `clock` is in nanoseconds since the epoch; `at_once` is how many runs it holds."""

    def __init__(self, terms: CritiqueTerms, stores: Stores, *, clock: Callable[[], int], at_once: int = 500) -> None:
        self._terms = terms
        self._stores = stores
        self._clock = clock
        self._at_once = at_once
        self._wait_ns = int(terms.reward.wait * 1e9)
        self._folded: Folded | None = None
        self._known: Known | None = None
        self._ahead: list[IndexedRun] = []
        """Read, and not settled yet."""
        self._read = self._saved = 0
        self._published: CritiqueShares | None = None
        self._heard = -1
        self._not_before_ns = 0

    def step(self) -> bool:
        """Takes in what is new; true where there is more of it. May be called again after any error."""
        try:
            return self._step()
        except BaseException:
            # What was kept last is true; what was made of it since may be half done.
            self._known = None
            raise

    def _step(self) -> bool:
        known = self._known or self._load()
        new = self._look_ahead()
        full = len(self._ahead) == self._at_once
        now_ns = self._clock()
        settled: list[_Settled] = []
        heard = self._stores.ledger.last_score()
        if new or heard != self._heard or now_ns >= self._not_before_ns:
            settled = self._settle(known, now_ns)
            self._heard = heard
        if not self._ahead:
            known.runs = self._read
        self._learn(known, settled, now_ns)
        self._known = known
        if settled or known.runs - self._saved >= _UNSAVED or self._told(known) != self._published:
            self._save(known)
        return self._known is None or (full and len(self._ahead) < self._at_once)

    def _load(self) -> Known:
        self._folded = self._stores.states.load(self._terms.agent)
        known = (known_from(self._folded.state) if self._folded else None) or Known()
        self._ahead = []
        self._read = self._saved = known.runs
        self._published = None if known.critique.strata else self._told(known)
        self._heard, self._not_before_ns = -1, 0
        return known

    def _look_ahead(self) -> bool:
        """Whether there was anything new."""
        room = self._at_once - len(self._ahead)
        if not room:
            return False
        page = self._stores.runs.after(self._read, room, self._terms.agent)
        self._ahead += page.runs
        self._read = max(self._read, page.upto)
        return bool(page.runs)

    def _settle(self, known: Known, now_ns: int) -> list[_Settled]:
        """Those whose time has come, from the first on; the others stay ahead."""
        facts = {each.run.id: found for each in self._ahead if (found := critiqued_in(each.run)) is not None}
        said = self._said(list(facts))
        settled, reward, done = [], self._terms.reward, 0
        self._not_before_ns = now_ns
        for each in self._ahead:
            if (fact := facts.get(each.run.id)) is not None:
                scores, over_ns = said.get(each.run.id, ()), each.run.ended_ns + self._wait_ns
                if over_ns > now_ns and not all_said(fact, reward, scores):
                    self._not_before_ns = over_ns
                    break
                settled.append(_Settled(each, fact, tried(each.run, fact, reward, scores)))
            known.runs = each.seq
            done += 1
        del self._ahead[:done]
        return settled

    def _said(self, runs: Sequence[str]) -> dict[str, list[Score]]:
        said: dict[str, list[Score]] = {}
        if runs:
            for score in self._stores.ledger.scores(ScoreFilter(agent=self._terms.agent, subjects=runs)):
                said.setdefault(score.subject, []).append(score)
        return said

    def _learn(self, known: Known, settled: Sequence[_Settled], now_ns: int) -> None:
        if not settled:
            return
        self._keep_revisions(settled)
        for switched in fold(self._terms.worth, known.critique, (each.call for each in settled)):
            self._stores.ledger.add_decision(self._decision(switched, now_ns))

    def _keep_revisions(self, settled: Iterable[_Settled]) -> None:
        scores: list[Score] = []
        insights: dict[str, Insight] = {}
        for (_, run, question), fact, call in settled:
            better = revision_is_better(fact, call)
            if better is None:
                continue
            if (score := preference(run, fact, better)) is not None:
                scores.append(score)
            if (found := critique(run, question, fact, better)) is not None:
                known = insights.get(found.id) or self._stores.insights.insight(run.agent, found.id, kind="critique")
                insights[found.id] = heard_again(known, found) if known else found
        if scores:
            self._stores.ledger.put_scores(self._of_runs_there(scores))
        if insights:
            self._stores.insights.put(list(insights.values()))

    def _of_runs_there(self, scores: Sequence[Score]) -> list[Score]:
        """What was deleted while it waited may not come back in a score."""
        which = RunFilter(agent=self._terms.agent, ids=[score.subject for score in scores])
        there = {run.id for run in self._stores.runs.find(which, len(scores))}
        return [score for score in scores if score.subject in there]

    def _told(self, known: Known) -> CritiqueShares:
        return CritiqueShares(agent=self._terms.agent, shares=shares(self._terms.worth, known.critique))

    def _save(self, known: Known) -> None:
        before, told = self._folded, self._told(known)
        folded = Folded(before.cursor + 1 if before else 1, encoded(known))
        if self._stores.states.save(before, folded, told):
            self._folded, self._saved, self._published = folded, known.runs, told
        else:
            # Another process has folded meanwhile, or what was kept is gone.
            self._known = None

    def _decision(self, switched: Switched, now_ns: int) -> Decision:
        terms = self._terms
        told = "\0".join((terms.agent, "critique", switched.stratum, str(switched.state.switches)))
        return Decision(
            id=hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
            tenant=terms.tenant,
            agent=terms.agent,
            kind="critique",
            subject=switched.stratum,
            text=text_of(switched),
            evidence=dict(evidence_of(switched)),
            alpha=terms.worth.false_on if switched.on else terms.worth.false_off,
            actor=ACTOR,
            created_ns=now_ns,
            config_hash=terms.config_hash,
        )
