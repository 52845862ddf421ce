"""Whose a run is and where its trace is, in SQL that SQLite and PostgreSQL read alike."""

from collections.abc import Mapping, Sequence
from typing import Final

from stores.known import KnownRun, TracedRun
from stores.sql.ledger_database import Database
from stores.sql.row import clean

_RUN: Final = "SELECT id, tenant, agent, user_id FROM runs"


class SqlKnownRuns:
    """A `KnownRuns` over either database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, agent: str, run_id: str) -> KnownRun | None:
        named = {"agent": clean(agent), "id": clean(run_id)}
        with self._database.reading() as execute:
            rows = execute(f"{_RUN} WHERE id = :id AND agent = :agent", named)
        return KnownRun(*rows[0]) if rows else None

    def answered(self, agent: str, response_id: str) -> Sequence[KnownRun]:
        named = {"agent": clean(agent), "id": clean(response_id)}
        with self._database.reading() as execute:
            rows = execute(f"{_RUN} WHERE response_id = :id AND agent = :agent LIMIT 2", named)
        return [KnownRun(*row) for row in rows]

    def traced(self, run_ids: Sequence[str]) -> Mapping[str, TracedRun]:
        wanted = self._database.any_of("id", "ids")
        ids = self._database.array([clean(id) for id in run_ids])
        with self._database.reading() as execute:
            rows = execute(f"SELECT id, trace_id, response_id FROM runs WHERE {wanted}", {"ids": ids})
        return {row[0]: TracedRun(*row) for row in rows}

    def cursors(self) -> Mapping[str, int]:
        with self._database.reading() as execute:
            return dict(tuple(row) for row in execute("SELECT segment, position FROM cursors", {}))

    def close(self) -> None:
        self._database.close()
