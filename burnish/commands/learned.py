"""The learned rules of an agent as commands read and change them: every version is signed, and looked at when read."""

import secrets
import time
from pathlib import Path

import msgspec

from burnish.commands.records import Failure, Place
from records.decision import Decision
from records.guard import GuardPolicy, LearnedRule
from records.run import JsonValue
from stores.guard_rules import BadPolicy, GuardRuleStore, verified
from stores.secret import load_secret


def secret_at(place: Place) -> bytes:
    """The deployment's. Raises `Failure` where only a database was named."""
    if place.directory is None:
        raise Failure("learned rules are signed with the secret beside the records; name the configuration, not --db")
    return load_secret(Path(place.directory))


def live_policy(rules: GuardRuleStore, secret: bytes, agent: str) -> GuardPolicy:
    """The version in force; that without any rule where none was learned. Raises `BadPolicy`."""
    version = rules.live(agent)
    if version == 0:
        return GuardPolicy(
            tenant="", agent=agent, version=0, parent=0, rules=(), actor="", reason="None in force.", created_ns=0
        )
    found = rules.live_policies([agent])[agent]
    assert found is not None
    return verified(secret, found)


def next_policy(
    rules: GuardRuleStore,
    live: GuardPolicy,
    changed: tuple[LearnedRule, ...],
    *,
    tenant: str,
    actor: str,
    reason: str,
    config_hash: str,
) -> GuardPolicy:
    """A version above all there ever were, made from the one in force."""
    last = max((policy.version for policy in rules.policies(live.agent)), default=0)
    return msgspec.structs.replace(
        live,
        tenant=tenant,
        version=last + 1,
        parent=live.version,
        rules=changed,
        actor=actor,
        reason=reason,
        created_ns=time.time_ns(),
        config_hash=config_hash,
    )


def version_before(rules: GuardRuleStore, secret: bytes, agent: str) -> int:
    """That which the version in force was made from; where that cannot be read, the last older one that can."""
    live = rules.live(agent)
    try:
        return live_policy(rules, secret, agent).parent
    except BadPolicy:
        for policy in rules.policies(agent):
            if policy.version < live:
                try:
                    return verified(secret, policy).version
                except BadPolicy:
                    continue
        return 0


def a_decision(
    agent: str,
    subject: str,
    text: str,
    evidence: dict[str, JsonValue],
    *,
    tenant: str,
    actor: str,
    config_hash: str,
) -> Decision:
    return Decision(
        id=secrets.token_hex(16),
        tenant=tenant,
        agent=agent,
        kind="guardrail",
        subject=subject,
        text=text,
        evidence=evidence,
        actor=actor,
        created_ns=time.time_ns(),
        config_hash=config_hash,
    )
