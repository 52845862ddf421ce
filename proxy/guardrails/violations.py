"""What a run says that guardrails found in it, as incidents and as scores."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from policies.guardrails.verdicts import GuardVerdicts
from records.guard import Action, Mode, Place
from records.incident import Incident, Sighting, incident_id
from records.run import Fact, Run
from records.score import Score, score_id

FACT: Final = "guard_verdicts"
EVALUATOR: Final = "guardrails."
"""Before the id of the rule that was broken."""
RATER: Final = "burnish"


class Violation(NamedTuple):
    """One thing that a rule found in one place of a run."""

    rule: str
    version: int
    place: Place
    action: Action
    mode: Mode
    reason: str
    evidence: str
    fingerprint: str
    times: int


def violations_in(run: Run) -> list[Violation]:
    """Those of all steps; none of a fact that is not as `GuardVerdicts` says: a plugin's mistake stops nobody."""
    return [violation for fact in run.facts(FACT) for violation in _told(fact)]


def incidents_in(run: Run, violations: Iterable[Violation]) -> Iterator[Incident]:
    """The same find of the same rule is one, wherever it stood in the run."""
    found: dict[str, Incident] = {}
    for each in violations:
        find = each.fingerprint or f"{each.place}\0{each.evidence}"
        id = incident_id(run.tenant, run.agent, each.rule, find)
        known = found.get(id)
        if known is not None:
            found[id] = msgspec.structs.replace(known, escalated=known.escalated or each.action == "escalate")
            continue
        found[id] = Incident(
            id=id,
            tenant=run.tenant,
            agent=run.agent,
            rule=each.rule,
            rule_version=each.version,
            action=each.action,
            mode=each.mode,
            place=each.place,
            reason=each.reason,
            fingerprint=each.fingerprint,
            escalated=each.action == "escalate",
            sightings=(Sighting(run.id, each.evidence, run.ended_ns),),
            created_ns=run.ended_ns,
            changed_ns=run.ended_ns,
            config_hash=run.config_hash,
        )
    yield from found.values()


def scores_in(run: Run, violations: Iterable[Violation]) -> Iterator[Score]:
    """One for each rule that was broken, the same whenever it is made again; without a word of what was found."""
    by_rule: dict[str, list[Violation]] = {}
    for each in violations:
        by_rule.setdefault(each.rule, []).append(each)
    for rule, several in by_rule.items():
        first, evaluator = several[0], EVALUATOR + rule
        yield Score(
            id=score_id(run.agent, "run", run.id, None, evaluator, RATER),
            tenant=run.tenant,
            agent=run.agent,
            subject=run.id,
            evaluator=evaluator,
            version=str(first.version),
            source="code",
            rater=RATER,
            value=0.0,
            rationale=first.reason,
            details={
                "mode": first.mode,
                "action": first.action,
                "places": sorted({each.place for each in several}),
                "found": sum(each.times for each in several),
            },
            created_ns=run.ended_ns,
            config_hash=run.config_hash,
        )


def _told(fact: Fact) -> Sequence[Violation]:
    try:
        found = msgspec.convert(fact.attributes, GuardVerdicts)
        return [
            Violation(*each)
            for each in zip(
                found.rules,
                found.versions,
                found.places,
                found.actions,
                found.modes,
                found.reasons,
                found.evidence,
                found.fingerprints,
                found.counts,
                strict=True,
            )
        ]
    except (msgspec.ValidationError, ValueError):
        return ()
