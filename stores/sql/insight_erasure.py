"""Insights go with the runs that they came of, in the transaction that deletes the runs.

What is left of one is its id and whose it was, at a new place in the order of changes: whoever keeps an index of them
learns there that its words must go.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, insert, select, text, update

from stores.sql.insights import GONE
from stores.sql.ledger_database import INSIGHTS
from stores.sql.tables import insight_runs, insights, memories

_CHUNK: Final = 500
"""Values in one `IN`: well under what any SQLite allows."""


def lock_insights(connection: Connection) -> None:
    """Before anything is deleted: whoever puts insights meanwhile waits, and then finds that the runs are gone."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": INSIGHTS})


def forget_insights(connection: Connection, runs: Sequence[str]) -> None:
    """Those that came of any of these runs."""
    for start in range(0, len(runs), _CHUNK):
        came_of = select(insight_runs.c.insight).where(insight_runs.c.run.in_(runs[start : start + _CHUNK]))
        _forget(connection, list(connection.execute(came_of.distinct()).scalars()))


def forget_words_of(connection: Connection, user: str | None) -> None:
    """Those whose writer is this user, whoever's runs they are about."""
    if user:
        _forget(connection, list(connection.execute(select(insights.c.id).where(insights.c.writer == user)).scalars()))


def _forget(connection: Connection, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        named = insights.c.id.in_(some)
        connection.execute(delete(insight_runs).where(insight_runs.c.insight.in_(some)))
        known = (insights.c.id, insights.c.tenant, insights.c.agent, insights.c.kind)
        gone = connection.execute(
            delete(insights).where(named, insights.c.document.is_not(None)).returning(*known)
        ).all()
        if gone:
            left = {"state": GONE, "writer": "", "created_ns": 0, "document": None}
            connection.execute(insert(insights), [{**row._mapping, **left} for row in gone])
            moved = update(memories).where(memories.c.agent.in_({row.agent for row in gone}))
            connection.execute(moved.values(version=memories.c.version + 1))
