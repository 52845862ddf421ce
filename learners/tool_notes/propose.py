"""Proposes what was learned of tools as variants: drafts in the ledger, one a tool, each with its evidence.

The same note is the same variant: proposing again proposes nothing new. A draft gets no traffic until it is started.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from learners.tool_notes.calls import read_calls
from learners.tool_notes.mining import ALPHA, Finding, find
from learners.tool_notes.wording import Note, word
from records.decision import Decision
from records.run import JsonValue
from records.variant import Changes, Variant, variant_id
from stores.ledger import Ledger
from stores.runs import RunStore

ORIGIN: Final = "tool_notes"


class Proposal(NamedTuple):
    """`new` is False where the agent had the variant already, in whatever state."""

    tool: str
    variant: Variant
    new: bool
    findings: list[Finding]


def propose(
    runs: RunStore,
    ledger: Ledger,
    agent: str,
    *,
    tenant: str,
    now_ns: int,
    since_ns: int = 0,
    config_hash: str = "",
    read: Callable[[int], None] = lambda done: None,
) -> Iterator[Proposal]:
    """One for each tool that something was learned of. `read` is told how many runs were read so far."""
    calls = read_calls(runs, agent, since_ns=since_ns, read=read)
    for tool, tried in sorted(calls.items()):
        findings = find(tried, ALPHA / len(calls))
        note = word(findings) if findings else None
        if note is None:
            continue
        variant = _variant(ledger, agent, tenant, tool, note, now_ns, config_hash)
        new = ledger.add_variant(variant)
        if new:
            ledger.add_decision(_decision(variant, tool, note, findings))
        else:
            variant = ledger.variant(agent, variant.id) or variant
        yield Proposal(tool, variant, new, findings)


def _variant(ledger: Ledger, agent: str, tenant: str, tool: str, note: Note, now_ns: int, config_hash: str) -> Variant:
    changes = Changes(tools={tool: note.text})
    id = variant_id(agent, changes)
    name = f"note-{re.sub(r'[^A-Za-z0-9._-]', '-', tool)[:40]}"
    if any(each.name == name and each.id != id for each in ledger.variants(agent)):
        name = f"{name}-{changes.digest[:6]}"
    return Variant(
        id=id,
        tenant=tenant,
        agent=agent,
        name=name,
        changes=changes,
        origin=ORIGIN,
        note=f"Learned from calls of {tool} that failed.",
        state="draft",
        created_ns=now_ns,
        config_hash=config_hash,
    )


def _decision(variant: Variant, tool: str, note: Note, findings: list[Finding]) -> Decision:
    found: list[JsonValue] = [
        {
            "field": finding.predicate.field,
            "test": finding.predicate.test,
            "value": finding.predicate.value,
            "calls": msgspec.to_builtins(finding.table),
            "p_value": finding.p_value,
            "tried": finding.tried,
        }
        for finding in findings
    ]
    first = findings[0].table
    return Decision(
        id=hashlib.blake2b(f"proposal\0{variant.id}".encode(), digest_size=16).hexdigest(),
        tenant=variant.tenant,
        agent=variant.agent,
        kind="proposal",
        subject=variant.name,
        text=(
            f"{first.failed} of {first.failed + first.fine} such calls of {tool} failed, "
            f"{first.other_failed} of {first.other_failed + first.other_fine} others: {note.text}"
        ),
        evidence={
            "variant_id": variant.id,
            "tool": tool,
            "findings": found,
            "quoted": note.quoted,
            "refused": note.refused,
        },
        actor=ORIGIN,
        created_ns=variant.created_ns,
        config_hash=variant.config_hash,
    )
