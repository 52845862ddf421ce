"""What becomes of an answer, by all that is known of it now: from claims and evidence to the insight as it is to be."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from policies.retrieval.admission import DAY_NS, Candidate, Neighbour, Worth, rule_on
from policies.retrieval.screening import screen
from proxy.memory.claims import Claim, evidence_in, said_at
from proxy.memory.terms import MemoryTerms
from records.insight import Insight, InsightState

_MOVABLE: Final[frozenset[InsightState]] = frozenset({"waiting", "admitted", "retired"})
"""Once set aside by a guard, an answer waits for its owner, whatever is said of it."""


class Judged(NamedTuple):
    """`replaces` are the ids of answers that make way for it; `charged` those whose day's quota it used, at `at_ns`."""

    insight: Insight
    replaces: tuple[str, ...] = ()
    charged: tuple[str, ...] = ()
    at_ns: int = 0


class Judge:
    """`charges` are whom admissions of the last day were charged to, and when."""

    def __init__(self, terms: MemoryTerms, charges: Sequence[tuple[int, str]], now_ns: int) -> None:
        self._terms = terms
        self._charges = charges
        self._now_ns = now_ns

    def first_look(self, id: str, known: Insight | None, claims: Sequence[Claim]) -> Judged | None:
        """As if there were no other answers. None where nothing is to be kept or changed."""
        if known is not None and (known.held or known.state not in _MOVABLE):
            return None
        if not claims:
            return None if known is None else self._withdrawn(known)
        evidence = evidence_in(claims)
        if known is None and not any(self._terms.may_admit(word) for word in evidence):
            return None
        return self._judged(self._drafted(id, known, claims), claims, ())

    def beside(self, judged: Judged, claims: Sequence[Claim], alike: Sequence[Neighbour]) -> Judged:
        """The same with the admitted answers to nearly the same question in view."""
        draft = msgspec.structs.replace(judged.insight, state="waiting")
        return self._judged(draft, claims, alike)

    def _judged(self, draft: Insight, claims: Sequence[Claim], alike: Sequence[Neighbour]) -> Judged:
        terms, at_ns = self._terms, said_at(claims)
        offered = {name for claim in claims for name in (*claim.past.offered, *claim.past.called)}
        writers = tuple(dict.fromkeys(claim.writer for claim in claims if claim.writer))
        ruling = rule_on(
            Candidate(evidence_in(claims), writers, draft.state),
            terms.admission,
            screened=screen(draft.question, draft.text, tools=offered, skip=terms.skip),
            alike=alike,
            used=self._used(at_ns),
            now_ns=self._now_ns,
        )
        newly = ruling.state == "admitted" and draft.state != "admitted"
        insight = msgspec.structs.replace(
            _worth(draft, ruling.worth),
            state=ruling.state,
            reason=ruling.reason,
            expires_ns=ruling.expires_ns if newly else draft.expires_ns,
        )
        return Judged(insight, ruling.replaces, ruling.charged if newly else (), at_ns)

    def _drafted(self, id: str, known: Insight | None, claims: Sequence[Claim]) -> Insight:
        """It is valid for calls like the latest that came to these words."""
        latest, first = claims[0], claims[-1]
        # A person who wrote it vouches for it more than the model that came to the same.
        origin: Literal["run", "correction"] = (
            "correction" if any(claim.origin == "correction" for claim in claims) else "run"
        )
        return Insight(
            id=id,
            tenant=self._terms.tenant,
            agent=self._terms.agent,
            question=latest.past.question,
            text=latest.text,
            runs=tuple(dict.fromkeys(claim.past.run for claim in claims)),
            origin=origin,
            writer=first.writer,
            trust="implicit",
            score=0.0,
            low=0.0,
            variant=latest.past.variant,
            model=latest.past.model,
            instructions=latest.past.instructions,
            tools=latest.past.called,
            state=known.state if known is not None and known.state == "admitted" else "waiting",
            created_ns=known.created_ns if known is not None else self._now_ns,
            changed_ns=self._now_ns,
            expires_ns=known.expires_ns if known is not None else None,
            config_hash=self._terms.config_hash,
        )

    def _withdrawn(self, known: Insight) -> Judged | None:
        if known.state == "retired":
            return None
        reason = "whoever said it has said something else since"
        return Judged(
            msgspec.structs.replace(known, state="retired", reason=reason, changed_ns=self._now_ns), at_ns=self._now_ns
        )

    def _used(self, at_ns: int) -> Counter[str]:
        return Counter(person for charged_ns, person in self._charges if at_ns - DAY_NS < charged_ns <= at_ns)


def same(one: Insight | None, other: Insight) -> bool:
    """Whether nothing but the time differs."""
    return one is not None and msgspec.structs.replace(one, changed_ns=other.changed_ns) == other


def retired(insight: Insight, reason: str, now_ns: int, *, held: bool = False) -> Insight:
    return msgspec.structs.replace(insight, state="retired", reason=reason, changed_ns=now_ns, held=held)


def _worth(insight: Insight, worth: Worth) -> Insight:
    return msgspec.structs.replace(insight, score=worth.score, low=worth.low, votes=worth.votes, trust=worth.trust)
