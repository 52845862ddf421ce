"""Incidents and cases as the rows they are stored as, and back; and what several stores write of them.

The columns are there to find rows by; the record itself is `document`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from records.case import Case
from records.decision import Decision
from records.guard import SignedPolicy
from records.incident import Incident
from stores.runs import StoreError
from stores.sql.ledger_database import Database, Execute
from stores.sql.ledger_rows import DecisionRow, decision_row, inserting, time_column
from stores.sql.row import clean

_ENCODER: Final = msgspec.msgpack.Encoder()
_INCIDENT: Final = msgspec.msgpack.Decoder(Incident)
_CASE: Final = msgspec.msgpack.Decoder(Case)


class IncidentRow(NamedTuple):
    """The columns of table `incidents`, save its own sequence number."""

    id: str
    tenant: str
    agent: str
    rule: str
    state: str
    escalated: bool
    runs: int
    changed_ns: int
    document: bytes


class CaseRow(NamedTuple):
    """The columns of table `cases`, save its own sequence number."""

    id: str
    tenant: str
    agent: str
    provenance: str
    split: str
    created_ns: int
    document: bytes


class PolicyRow(NamedTuple):
    """The columns of table `guard_policies`."""

    agent: str
    version: int
    document: bytes
    signature: str


_PUT_INCIDENT: Final = inserting("incidents", IncidentRow) + (
    " ON CONFLICT (id) DO UPDATE SET state = excluded.state, escalated = excluded.escalated, runs = excluded.runs,"
    " changed_ns = excluded.changed_ns, document = excluded.document"
)
_ADD_CASE: Final = inserting("cases", CaseRow) + " ON CONFLICT (id) DO NOTHING"
_ADD_DECISION: Final = inserting("decisions", DecisionRow) + " ON CONFLICT (id) DO NOTHING"
_ADD_POLICY: Final = inserting("guard_policies", PolicyRow)
_SET_LIVE: Final = (
    "INSERT INTO guard_live (agent, version) VALUES (:agent, :version)"
    " ON CONFLICT (agent) DO UPDATE SET version = excluded.version"
)


def incident_of(document: bytes) -> Incident:
    return _INCIDENT.decode(document)


def case_of(document: bytes) -> Case:
    return _CASE.decode(document)


def incident_row(incident: Incident) -> IncidentRow:
    return IncidentRow(
        clean(incident.id),
        clean(incident.tenant),
        clean(incident.agent),
        clean(incident.rule),
        incident.state,
        incident.escalated,
        incident.count,
        time_column(incident.changed_ns),
        _document(f"incident {incident.id}", incident),
    )


def put_incidents(execute: Execute, database: Database, incidents: Sequence[Incident]) -> None:
    """Whole, with the runs that they were seen in."""
    if not incidents:
        return
    ids = database.array([clean(incident.id) for incident in incidents])
    execute(_PUT_INCIDENT, [incident_row(incident)._asdict() for incident in incidents])
    execute(f"DELETE FROM incident_runs WHERE {database.any_of('incident', 'ids')}", {"ids": ids})
    links = {(clean(run), clean(incident.id)) for incident in incidents for run in incident.runs}
    if links:
        execute(
            "INSERT INTO incident_runs (run, incident) VALUES (:run, :incident)",
            [{"run": run, "incident": id} for run, id in sorted(links)],
        )


def add_case(execute: Execute, case: Case) -> bool:
    """Whether it was new. That its runs are there is for the caller to see to."""
    row = CaseRow(
        clean(case.id),
        clean(case.tenant),
        clean(case.agent),
        case.provenance,
        case.split,
        time_column(case.created_ns),
        _document(f"case {case.id}", case),
    )
    if execute("SELECT 1 FROM cases WHERE id = :id", {"id": row.id}):
        return False
    execute(_ADD_CASE, row._asdict())
    for run in dict.fromkeys(map(clean, case.runs)):
        execute("INSERT INTO case_runs (run, case_id) VALUES (:run, :id)", {"run": run, "id": row.id})
    return True


def add_policy(execute: Execute, policy: SignedPolicy, parent: int) -> None:
    """Live at once. Raises `StoreError` where another is live than its parent."""
    agent = clean(policy.agent)
    live = live_version(execute, agent)
    if live != parent:
        raise changed_meanwhile(policy.agent, live, parent)
    execute(_ADD_POLICY, PolicyRow(agent, policy.version, policy.document, policy.signature)._asdict())
    set_live(execute, agent, policy.version)


def live_version(execute: Execute, agent: str) -> int:
    rows = execute("SELECT version FROM guard_live WHERE agent = :agent", {"agent": agent})
    return int(rows[0][0]) if rows else 0


def set_live(execute: Execute, agent: str, version: int) -> None:
    execute(_SET_LIVE, {"agent": agent, "version": version})


def changed_meanwhile(agent: str, live: int, was: int) -> StoreError:
    return StoreError(
        f"the learned rules of {agent!r} are version {live} by now, no longer {was}; look again, and decide anew"
    )


def add_decision(execute: Execute, decision: Decision) -> None:
    execute(_ADD_DECISION, decision_row(decision)._asdict())


def missing_runs(execute: Execute, database: Database, runs: Sequence[str]) -> set[str]:
    """Those that are not in the store of runs."""
    wanted = {clean(run) for run in runs}
    values = {"ids": database.array(sorted(wanted))}
    return wanted - {id for (id,) in execute(f"SELECT id FROM runs WHERE {database.any_of('id', 'ids')}", values)}


def only_one(what: str, id: str, rows: Sequence[tuple[str, bytes]]) -> bytes | None:
    """The document of the one that is meant by the beginning of its id. Raises `StoreError` for several."""
    if len(rows) > 1 and rows[0][0] != id:
        raise StoreError(
            f"{id!r} begins the ids of several {what}: {', '.join(found for found, _ in rows)}; give more of it"
        )
    return rows[0][1] if rows else None


def _document(what: str, record: Incident | Case) -> bytes:
    try:
        return _ENCODER.encode(record)
    except (OverflowError, UnicodeEncodeError, TypeError) as error:
        raise StoreError(f"{what} cannot be stored: {error}") from None
