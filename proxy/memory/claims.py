"""What runs and scores claim to be answers, and what was said of each: looked up in the record whenever it is needed.

A run claims its own answer, and each correction of it claims another. An answer is what its words are: where several
runs come to the same words, all that was said of any of them counts. Only an answer that a run was shown gains nothing
from the run saying it again: it would vouch for itself.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from policies.retrieval.admission import Evidence
from proxy.memory.past import Past, past_of
from proxy.memory.terms import MemoryTerms, correction_in, trust_of
from records.score import CORRECTION, Score
from stores.ledger import Ledger, ScoreFilter
from stores.runs import RunStore

Reliability: TypeAlias = Callable[[str], float | None]
"""How often a rater is right, if that is known."""
MOST_RUNS: Final = 20
"""Of which one answer comes; the latest count."""


class Claim(NamedTuple):
    """That a run, or who corrected it, claims words to be an answer. `said` is what was said of it with that run, each
    with the time at which it was said."""

    past: Past
    text: str
    origin: Literal["run", "correction"]
    writer: str
    said: tuple[tuple[int, Evidence], ...]


class Claims:
    """What was looked up so far; good for one step of the keeper, for the record goes on."""

    def __init__(self, terms: MemoryTerms, runs: RunStore, ledger: Ledger, reliability: Reliability) -> None:
        self._terms = terms
        self._reliability = reliability
        self._runs = runs
        self._ledger = ledger
        self._scores: dict[str, list[Score]] = {}
        self._pasts: dict[str, Past | None] = {}
        self._found: dict[str, dict[str, Claim]] = {}

    def load(self, runs: Iterable[str]) -> None:
        """What was said of these runs, in one look at the ledger."""
        missing = [run for run in dict.fromkeys(runs) if run not in self._scores]
        if missing:
            self._scores.update((run, []) for run in missing)
            which = ScoreFilter(agent=self._terms.agent, subjects=missing)
            for score in reversed(self._ledger.scores(which)):
                if score.kind == "run":
                    self._scores[score.subject].append(score)

    def of(self, run: str) -> dict[str, Claim]:
        """What a run claims, by the answer's id."""
        if run not in self._found:
            self.load([run])
            past = self.past(run)
            self._found[run] = {} if past is None else self._claims(past)
        return self._found[run]

    def past(self, run: str) -> Past | None:
        """None for a run that is not there, and one that nothing is remembered of."""
        if run not in self._pasts:
            found = self._runs.get(run)
            mine = found is not None and (found.agent, found.tenant) == (self._terms.agent, self._terms.tenant)
            self._pasts[run] = past_of(found) if found is not None and mine else None
        return self._pasts[run]

    def for_answer(self, id: str, runs: Iterable[str]) -> list[Claim]:
        """Those that claim this answer, latest first."""
        self.load(runs)
        found = [claim for run in dict.fromkeys(runs) if (claim := self.of(run).get(id)) is not None]
        return sorted(found, key=lambda claim: claim.past.ended_ns, reverse=True)[:MOST_RUNS]

    def _claims(self, past: Past) -> dict[str, Claim]:
        terms, scores = self._terms, self._scores[past.run]
        found: dict[str, Claim] = {}
        corrections: dict[str, list[Score]] = {}
        for score in scores:
            if (answer := correction_in(score)) is not None:
                corrections.setdefault(answer.strip(), []).append(score)
        for text, by in corrections.items():
            said = tuple((score.created_ns, self._weighed(Evidence(trust_of(score), score.rater, 1.0))) for score in by)
            found[self._id(past, text)] = Claim(past, text, "correction", by[0].rater, said)
        own = self._id(past, past.answer)
        if past.answer and own not in past.seen:
            # Who liked an answer and corrected it as well liked it.
            ordered = sorted(scores, key=lambda score: (score.evaluator != CORRECTION, score.created_ns))
            said = tuple(
                (score.created_ns, self._weighed(word)) for score in ordered if (word := terms.word(score)) is not None
            )
            if own in found:
                said = (*said, *found[own].said)
            found[own] = Claim(past, past.answer, "run", past.user, said)
        return found

    def _weighed(self, word: Evidence) -> Evidence:
        """People are believed as far as gold items and others bear them out."""
        return word._replace(reliability=self._reliability(word.rater)) if word.trust == "human" else word

    def _id(self, past: Past, text: str) -> str:
        return past.id_of(self._terms.tenant, self._terms.agent, text)


def evidence_in(claims: Sequence[Claim]) -> list[Evidence]:
    """All that was said, the oldest claim's first: of one rater's words the last stands."""
    return [word for claim in reversed(claims) for _, word in claim.said]


def said_at(claims: Sequence[Claim]) -> int:
    """When the last word was said."""
    return max((at_ns for claim in claims for at_ns, _ in claim.said), default=0)
