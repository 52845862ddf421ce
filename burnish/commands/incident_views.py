"""Incidents as the terminal and `--json` show them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from burnish.commands.columns import print_columns
from burnish.commands.wording import clock, count, duration, one_line, timestamp
from records.incident import STATES, Incident, IncidentState

_STYLES: Final[Mapping[IncidentState, str]] = {"open": "yellow", "confirmed": "red", "dismissed": "dim"}


def print_incidents(
    incidents: Sequence[Incident],
    counts: Mapping[IncidentState, int],
    console: Console,
    *,
    now_ns: int,
) -> None:
    """How many there are in each state, then a line for each."""
    if not counts:
        console.print("No incidents.")
        return
    told = Text()
    for state in STATES:
        if state in counts:
            told.append("  " if told else "").append(f"{count(counts[state])} {state}", _STYLES[state])
    console.print(told)
    if incidents:
        console.print()
        print_columns([_row(incident, now_ns) for incident in incidents], console, right={"runs", "last"})


def print_incident(incident: Incident, console: Console) -> None:
    """All of one."""
    console.print(
        Text.assemble((incident.short, "bold"), "  ", (incident.state, _STYLES[incident.state])), soft_wrap=True
    )
    facts = [
        ("incident", incident.id),
        ("agent", incident.agent),
        ("rule", f"{incident.rule}, version {incident.rule_version}"),
        ("found", incident.reason),
        ("in", incident.place.replace("_", " ")),
        ("done", _done(incident)),
        ("seen", f"in {incident.count:,} runs, from {clock(incident.created_ns)}"),
        ("by", incident.decided_by),
        ("because", incident.because),
    ]
    for name, value in facts:
        if value:
            console.print(Text.assemble((f"{name:>8} ", "dim"), one_line(value, 400)), soft_wrap=True)
    console.print(Text("\nSeen", "bold"))
    for sighting in incident.sightings:
        line = Text.assemble((sighting.run[:8], "bold cyan"), "  ", (clock(sighting.at_ns), "dim"), "  ")
        console.print(line.append(one_line(sighting.evidence, 300)), soft_wrap=True)
    if not incident.sightings:
        console.print(Text("the runs that it was seen in are deleted", "dim"))


def document(incident: Incident) -> dict[str, Any]:
    """What `--json` says of one."""
    return {
        "id": incident.id,
        "tenant": incident.tenant,
        "agent": incident.agent,
        "state": incident.state,
        "escalated": incident.escalated,
        "rule": incident.rule,
        "rule_version": incident.rule_version,
        "action": incident.action,
        "mode": incident.mode,
        "place": incident.place,
        "reason": incident.reason,
        "evidence": incident.evidence,
        "count": incident.count,
        "seen": [
            {"run": sighting.run, "time": timestamp(sighting.at_ns), "evidence": sighting.evidence}
            for sighting in incident.sightings
        ],
        "first": timestamp(incident.created_ns),
        "changed": timestamp(incident.changed_ns),
        "decided_by": incident.decided_by or None,
        "because": incident.because or None,
        "config_hash": incident.config_hash,
    }


def _row(incident: Incident, now_ns: int) -> dict[str, Text]:
    return {
        "incident": Text(incident.short, "bold"),
        "agent": Text(one_line(incident.agent, 16)),
        "state": Text(incident.state, _STYLES[incident.state]),
        "": Text("!" if incident.escalated and incident.state == "open" else "", "bold red"),
        "rule": Text(one_line(incident.rule, 32)),
        "in": Text(incident.place.replace("_", " ")),
        "done": Text(_done(incident)),
        "runs": Text(count(incident.count)),
        "last": Text(duration(max(0, now_ns - incident.changed_ns))),
        "evidence": Text(one_line(incident.evidence, 60)),
    }


def _done(incident: Incident) -> str:
    return incident.action if incident.mode == "enforce" else f"{incident.action} (shadow)"
