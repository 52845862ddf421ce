"""What follows when an owner confirms an incident: a rule, a regression case and a decision, all or none."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import msgspec

from burnish.commands.learned import a_decision, live_policy, next_policy, secret_at
from burnish.commands.records import Failure, Place
from policies.guardrails.incident_rules import NoRule, learned_from, regression_case
from policies.guardrails.matching import BadRule
from policies.guardrails.rule import Action
from records.case import Case
from records.guard import GuardPolicy, LearnedRule
from records.incident import Incident
from records.run import Run
from stores.guard_rules import GuardRuleStore, open_guard_rules, signed
from stores.incidents import Confirmation, IncidentStore


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of it."""

    incident: Incident
    rule: LearnedRule | None
    version: int | None
    case: Case | None
    decision: str

    def document(self) -> dict[str, Any]:
        return {
            "incident": self.incident.id,
            "state": self.incident.state,
            "rule": None if self.rule is None else msgspec.to_builtins(self.rule),
            "version": self.version,
            "case": self.case.id if self.case is not None else None,
            "decision": self.decision,
        }

    def sentence(self) -> str:
        parts = [f"{self.incident.short}: open → confirmed"]
        if self.rule is not None:
            looks = ", ".join([*map(repr, self.rule.rule.words), *self.rule.rule.patterns])
            parts.append(f"rule {self.rule.rule.id} in {self.rule.mode} (version {self.version}) looks for {looks}")
        if self.case is not None:
            parts.append(f"regression case {self.case.id[:8]}")
        return "; ".join(parts)


def confirm_incident(
    place: Place,
    store: IncidentStore,
    incident: Incident,
    *,
    patterns: Sequence[str],
    words: Sequence[str],
    action: Action | None,
    without_rule: bool,
    without_case: bool,
    because: str,
    actor: str,
    config_hash: str,
) -> Confirmed:
    """Raises `Failure` for what the owner has to say otherwise, `StoreError` where something changed meanwhile."""
    if without_rule and (patterns or words or action):
        raise Failure("--without-rule makes no rule; leave out --pattern, --words and --action, or it")
    secret = secret_at(place)
    with closing(open_guard_rules(place.url)) as rules:
        live = live_policy(rules, secret, incident.agent)
        learned = None
        # A rule that was learned is not learned again from what it finds itself.
        if not without_rule and (patterns or words or live.rule(incident.rule) is None):
            learned = _learned(incident, secret, live, patterns, words, action)
        policy = None
        if learned is not None:
            policy = _with(rules, live, learned, incident, because, actor, config_hash)
    case = None
    if not without_case:
        case = _case(place, incident, learned)
    evidence = {
        "incident": incident.id,
        "was": "open",
        "now": "confirmed",
        "runs": incident.count,
        "found_by": incident.rule,
        "rule": learned.rule.id if learned else None,
        "version": policy.version if policy else None,
        "parent": policy.parent if policy else None,
        "case": case.id if case else None,
    }
    decision = a_decision(
        incident.agent,
        learned.rule.id if learned else incident.rule,
        because or f"Incident {incident.short} was one.",
        evidence,
        tenant=incident.tenant,
        actor=actor,
        config_hash=config_hash,
    )
    now = store.confirm(
        Confirmation(
            incident=incident.id,
            actor=actor,
            because=because,
            policy=signed(secret, policy) if policy is not None else None,
            parent=live.version,
            case=case,
            decision=decision,
        )
    )
    return Confirmed(now, learned, policy.version if policy else None, case, decision.id)


def _learned(
    incident: Incident,
    secret: bytes,
    live: GuardPolicy,
    patterns: Sequence[str],
    words: Sequence[str],
    action: Action | None,
) -> LearnedRule:
    id = f"learned.{incident.short}"
    if live.rule(id) is not None:
        id = f"learned.{incident.id}"
    try:
        return learned_from(incident, secret, id=id, patterns=patterns, words=words, action=action)
    except NoRule as why:
        raise Failure(
            f"incident {incident.short}: {why}; say what the rule looks for with --pattern or --words, or that "
            f"{incident.rule} is enough with --without-rule"
        ) from None
    except BadRule as bad:
        raise Failure(f"incident {incident.short}: {bad}") from None


def _with(
    rules: GuardRuleStore,
    live: GuardPolicy,
    learned: LearnedRule,
    incident: Incident,
    because: str,
    actor: str,
    config_hash: str,
) -> GuardPolicy:
    return next_policy(
        rules,
        live,
        (*live.rules, learned),
        tenant=incident.tenant,
        actor=actor,
        reason=because or f"Learned from incident {incident.short}.",
        config_hash=config_hash,
    )


def _case(place: Place, incident: Incident, learned: LearnedRule | None) -> Case:
    run = _run(place, incident)
    try:
        if run is None:
            raise NoRule("every run that it was seen in is deleted")
        return regression_case(incident, learned, run, now_ns=time.time_ns())
    except NoRule as why:
        raise Failure(
            f"incident {incident.short}: {why}, so no regression case can be made; --without-case makes none"
        ) from None


def _run(place: Place, incident: Incident) -> Run | None:
    """The last run it was seen in that is there, with its request if any has one."""
    last = None
    with place.store() as store:
        for sighting in reversed(incident.sightings):
            run = store.get(sighting.run)
            if run is not None and run.request is not None:
                return run
            last = last or run
    return last
