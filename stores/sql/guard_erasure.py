"""What was seen in runs goes out of incidents with them, and the cases that came of them, in the same transaction."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, select, text, update

from stores.sql.guard_rows import incident_of, incident_row
from stores.sql.ledger_database import GUARDS
from stores.sql.tables import case_runs, cases, incident_notes, incident_runs, incidents

_CHUNK: Final = 500
"""Values in one `IN`: well under what any SQLite allows."""


def lock_guards(connection: Connection) -> None:
    """Before anything is deleted: whoever puts incidents meanwhile waits, and then finds that the runs are gone."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": GUARDS})


def forget_guards(connection: Connection, runs: Sequence[str]) -> None:
    """That there was an incident stays, and how often."""
    for start in range(0, len(runs), _CHUNK):
        some = runs[start : start + _CHUNK]
        came_of = select(case_runs.c.case_id).where(case_runs.c.run.in_(some))
        ids = list(connection.execute(came_of.distinct()).scalars())
        for first in range(0, len(ids), _CHUNK):
            connection.execute(delete(cases).where(cases.c.id.in_(ids[first : first + _CHUNK])))
            connection.execute(delete(case_runs).where(case_runs.c.case_id.in_(ids[first : first + _CHUNK])))
        _forget_sightings(connection, set(some))


def _forget_sightings(connection: Connection, runs: set[str]) -> None:
    seen_in = select(incident_runs.c.incident).where(incident_runs.c.run.in_(runs)).distinct()
    found = connection.execute(
        select(incidents.c.id, incidents.c.agent, incidents.c.document).where(incidents.c.id.in_(seen_in))
    ).all()
    for row in found:
        left = incident_row(incident_of(row.document).without(runs))
        connection.execute(update(incidents).where(incidents.c.id == row.id).values(document=left.document))
    if found:
        connection.execute(delete(incident_runs).where(incident_runs.c.run.in_(runs)))
        moved = update(incident_notes).where(incident_notes.c.agent.in_({row.agent for row in found}))
        connection.execute(moved.values(version=incident_notes.c.version + 1))
