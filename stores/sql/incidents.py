"""Incidents in SQL that SQLite and PostgreSQL read alike."""

from collections.abc import Sequence
from typing import Final

import msgspec

from records.decision import Decision
from records.incident import Incident, IncidentState
from records.score import Score
from stores.incidents import Confirmation, Noted, Tally
from stores.runs import StoreError
from stores.sql.guard_rows import (
    add_case,
    add_decision,
    add_policy,
    incident_of,
    missing_runs,
    only_one,
    put_incidents,
)
from stores.sql.ledger_database import Database, Execute
from stores.sql.ledger_rows import ScoreRow, inserting, score_row
from stores.sql.row import clean

_ADD_SCORE: Final = inserting("scores", ScoreRow) + " ON CONFLICT (id) DO NOTHING"
_NOTE: Final = (
    "INSERT INTO incident_notes (agent, version, document) VALUES (:agent, :version, :document)"
    " ON CONFLICT (agent) DO UPDATE SET version = excluded.version, document = excluded.document"
)
_MOVE_ON: Final = (
    "INSERT INTO incident_notes (agent, version, document) VALUES (:agent, 1, :nothing)"
    " ON CONFLICT (agent) DO UPDATE SET version = incident_notes.version + 1"
)
_TALLY: Final = "SELECT rule, state, count(*), sum(runs) FROM incidents WHERE agent = :agent GROUP BY rule, state"
_NO_LIMIT: Final = 2**62


class SqlIncidents:
    """An `IncidentStore` over either database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def incident(self, id: str, agent: str | None = None) -> Incident | None:
        if not id:
            return None
        # "g" sorts behind every hex digit.
        named = {"first": clean(id), "last": f"{clean(id)}g"}
        found = "SELECT id, document FROM incidents WHERE id >= :first AND id < :last"
        if agent is not None:
            found, named = f"{found} AND agent = :agent", {**named, "agent": clean(agent)}
        with self._database.reading() as execute:
            document = only_one("incidents", id, execute(f"{found} ORDER BY id LIMIT 3", named))
        return None if document is None else incident_of(document)

    def incidents(
        self,
        agent: str | None = None,
        *,
        states: Sequence[IncidentState] | None = None,
        ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Incident]:
        wanted, values = self._of(agent)
        for column, among in (("state", states), ("id", ids)):
            if among is not None:
                wanted += f" AND {self._database.any_of(column, column)}"
                values[column] = self._database.array([clean(each) for each in among])
        found = (
            f"SELECT document FROM incidents WHERE {wanted}"
            " ORDER BY escalated DESC, changed_ns DESC, seq DESC LIMIT :limit"
        )
        with self._database.reading() as execute:
            rows = execute(found, {**values, "limit": _NO_LIMIT if limit is None else limit})
        return [incident_of(document) for (document,) in rows]

    def counts(self, agent: str | None = None) -> dict[IncidentState, int]:
        wanted, values = self._of(agent)
        with self._database.reading() as execute:
            rows = execute(f"SELECT state, count(*) FROM incidents WHERE {wanted} GROUP BY state", values)
        return {state: int(number) for state, number in rows}

    def tallies(self, agent: str) -> dict[str, Tally]:
        with self._database.reading() as execute:
            rows = execute(_TALLY, {"agent": clean(agent)})
        found: dict[str, Tally] = {}
        for rule, state, number, runs in rows:
            known = found.get(rule, Tally(0, 0, 0, 0))
            found[rule] = known._replace(hits=known.hits + int(runs), **{state: int(number)})
        return found

    def noted(self, agent: str) -> Noted | None:
        with self._database.reading() as execute:
            return _noted(execute, clean(agent))

    def keep(
        self,
        agent: str,
        before: Noted | None,
        document: bytes,
        incidents: Sequence[Incident] = (),
        scores: Sequence[Score] = (),
        *,
        runs: Sequence[str] = (),
    ) -> Noted | None:
        whose = clean(agent)
        with self._database.writing() as execute:
            found = _noted(execute, whose)
            if (found and found.version) != (before and before.version):
                return None
            if runs and missing_runs(execute, self._database, runs):
                return None
            version = found.version + 1 if found else 1
            if scores:
                execute(_ADD_SCORE, [score_row(score)._asdict() for score in scores])
            put_incidents(execute, self._database, incidents)
            execute(_NOTE, {"agent": whose, "version": version, "document": document})
        return Noted(version, document)

    def confirm(self, confirmation: Confirmation) -> Incident:
        with self._database.writing() as execute:
            incident = self._decided(
                execute, confirmation.incident, "confirmed", confirmation.actor, confirmation.because,
                confirmation.decision,
            )  # fmt: skip
            if confirmation.policy is not None:
                add_policy(execute, confirmation.policy, confirmation.parent)
            case = confirmation.case
            if case is not None:
                if missing_runs(execute, self._database, case.runs):
                    raise StoreError(
                        f"the run that incident {incident.short} was seen in is deleted by now; look again"
                    )
                add_case(execute, case)
        return incident

    def dismiss(self, id: str, actor: str, because: str, decision: Decision) -> Incident:
        with self._database.writing() as execute:
            return self._decided(execute, id, "dismissed", actor, because, decision)

    def close(self) -> None:
        self._database.close()

    def _decided(
        self, execute: Execute, id: str, state: IncidentState, actor: str, because: str, decision: Decision
    ) -> Incident:
        rows = execute("SELECT document FROM incidents WHERE id = :id", {"id": clean(id)})
        if not rows:
            raise StoreError(f"there is no incident {id!r}; `burnish incidents` lists them")
        before = incident_of(rows[0][0])
        if before.state != "open":
            raise StoreError(f"incident {before.short} is {before.state} by now, by {before.decided_by}; look again")
        now = msgspec.structs.replace(
            before, state=state, decided_by=actor, because=because, changed_ns=decision.created_ns
        )
        put_incidents(execute, self._database, [now])
        # The keeper has to look again.
        execute(_MOVE_ON, {"agent": clean(now.agent), "nothing": b""})
        add_decision(execute, decision)
        return now

    def _of(self, agent: str | None) -> tuple[str, dict[str, object]]:
        return ("1 = 1", {}) if agent is None else ("agent = :agent", {"agent": clean(agent)})


def _noted(execute: Execute, agent: str) -> Noted | None:
    rows = execute("SELECT version, document FROM incident_notes WHERE agent = :agent", {"agent": agent})
    return Noted(int(rows[0][0]), bytes(rows[0][1])) if rows else None
