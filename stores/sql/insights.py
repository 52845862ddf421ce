"""Insights in SQL that SQLite and PostgreSQL read alike."""

from collections.abc import Collection, Sequence
from typing import Final

from records.insight import Insight, InsightKind, InsightState
from stores.insights import InsightChange, Noted
from stores.runs import StoreError
from stores.sql.insight_rows import InsightRow, insight_of, insight_row
from stores.sql.ledger_database import Database, Execute
from stores.sql.ledger_rows import inserting
from stores.sql.row import clean

GONE: Final = "gone"
"""The state of what is left of an insight whose runs were deleted."""
_FORGOTTEN: Final = "forgotten"
_ADD: Final = inserting("insights", InsightRow)
_ADD_RUN: Final = "INSERT INTO insight_runs (run, insight) VALUES (:run, :insight)"
_MOVE_ON: Final = (
    "INSERT INTO memories (agent, version, document) VALUES (:agent, 1, :nothing)"
    " ON CONFLICT (agent) DO UPDATE SET version = memories.version + 1"
)
_NOTE: Final = (
    "INSERT INTO memories (agent, version, document) VALUES (:agent, :version, :document)"
    " ON CONFLICT (agent) DO UPDATE SET version = excluded.version, document = excluded.document"
)


class SqlInsights:
    """An `InsightStore` over either database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, insights: Sequence[Insight]) -> None:
        with self._database.writing() as execute:
            self._put(execute, insights)
            # The keeper of a memory has answers alone.
            _move_on(execute, {clean(insight.agent) for insight in insights if insight.kind == "answer"})

    def insight(self, agent: str, id: str, *, kind: InsightKind = "answer") -> Insight | None:
        if not id:
            return None
        # "g" sorts behind every hex digit.
        named = {"agent": clean(agent), "kind": kind, "first": clean(id), "last": f"{clean(id)}g"}
        with self._database.reading() as execute:
            rows = execute(
                "SELECT id, document FROM insights WHERE agent = :agent AND kind = :kind AND document IS NOT NULL"
                " AND id >= :first AND id < :last ORDER BY id LIMIT 3",
                named,
            )
        if len(rows) > 1 and rows[0][0] != id:
            ids = ", ".join(found for found, _ in rows)
            raise StoreError(f"{id!r} begins the ids of several insights of {agent!r}: {ids}; give more of it")
        return insight_of(rows[0][1]) if rows else None

    def insights(
        self,
        agent: str,
        *,
        kind: InsightKind = "answer",
        states: Sequence[InsightState] | None = None,
        runs: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Insight]:
        any_of, array = self._database.any_of, self._database.array
        wanted = ["agent = :agent", "kind = :kind", "document IS NOT NULL"]
        values: dict[str, object] = {"agent": clean(agent), "kind": kind}
        for column, among in (("state", states), ("id", ids)):
            if among is not None:
                wanted.append(any_of(column, column))
                values[column] = array([clean(each) for each in among])
        if runs is not None:
            wanted.append(f"id IN (SELECT insight FROM insight_runs WHERE {any_of('run', 'runs')})")
            values["runs"] = array([clean(run) for run in runs])
        found = f"SELECT document FROM insights WHERE {' AND '.join(wanted)} ORDER BY created_ns, seq"
        with self._database.reading() as execute:
            return [insight_of(document) for (document,) in execute(found, values)]

    def ids(self, agent: str, states: Sequence[InsightState], *, kind: InsightKind = "answer") -> list[str]:
        wanted = self._database.any_of("state", "states")
        values = {"agent": clean(agent), "kind": kind, "states": self._database.array(states)}
        with self._database.reading() as execute:
            rows = execute(
                f"SELECT id FROM insights WHERE agent = :agent AND kind = :kind AND {wanted} ORDER BY created_ns, seq",
                values,
            )
        return [id for (id,) in rows]

    def counts(self, agent: str, *, kind: InsightKind = "answer") -> dict[InsightState, int]:
        with self._database.reading() as execute:
            rows = execute(
                "SELECT state, count(*) FROM insights WHERE agent = :agent AND kind = :kind AND document IS NOT NULL"
                " GROUP BY state",
                {"agent": clean(agent), "kind": kind},
            )
        return {state: int(number) for state, number in rows}

    def agents(self) -> list[str]:
        with self._database.reading() as execute:
            return [agent for (agent,) in execute("SELECT agent FROM memories ORDER BY agent", {})]

    def delete(self, ids: Sequence[str], *, for_good: bool = True) -> int:
        with self._database.writing() as execute:
            wanted = self._database.any_of("id", "ids")
            rows = execute(
                f"SELECT id, tenant, agent FROM insights WHERE {wanted} AND document IS NOT NULL",
                {"ids": self._database.array([clean(id) for id in ids])},
            )
            state = _FORGOTTEN if for_good else GONE
            left = [InsightRow(id, tenant, agent, state, "", 0, None) for id, tenant, agent in rows]
            self._replace(execute, left)
            _move_on(execute, {row.agent for row in left})
        if left:
            self._database.scrub()
        return len(left)

    def changes(self, after: int, limit: int) -> list[InsightChange]:
        found = "SELECT seq, id, tenant, agent, document FROM insights WHERE seq > :after ORDER BY seq LIMIT :limit"
        with self._database.reading() as execute:
            rows = execute(found, {"after": after, "limit": limit})
        return [
            InsightChange(seq, id, tenant, agent, None if document is None else insight_of(document))
            for seq, id, tenant, agent, document in rows
        ]

    def noted(self, agent: str) -> Noted | None:
        with self._database.reading() as execute:
            return _noted(execute, clean(agent))

    def keep(self, agent: str, before: Noted | None, document: bytes, insights: Sequence[Insight] = ()) -> Noted | None:
        whose = clean(agent)
        with self._database.writing() as execute:
            found = _noted(execute, whose)
            if (found and found.version) != (before and before.version):
                return None
            version = found.version + 1 if found else 1
            self._put(execute, insights)
            execute(_NOTE, {"agent": whose, "version": version, "document": document})
        return Noted(version, document)

    def close(self) -> None:
        self._database.close()

    def _put(self, execute: Execute, insights: Sequence[Insight]) -> None:
        last = {insight.id: insight for insight in insights}
        runs = self._those(execute, "runs", {run for insight in last.values() for run in insight.runs})
        forgotten = self._those(execute, "insights", last, f"state = '{_FORGOTTEN}'")
        kept = [
            insight for insight in last.values() if runs.issuperset(insight.runs) and clean(insight.id) not in forgotten
        ]
        self._replace(execute, [insight_row(insight) for insight in kept])
        links = {(run, clean(insight.id)) for insight in kept for run in insight.runs}
        if links:
            execute(_ADD_RUN, [{"run": run, "insight": id} for run, id in sorted(links)])

    def _replace(self, execute: Execute, rows: Sequence[InsightRow]) -> None:
        """At new places, and without their runs."""
        if not rows:
            return
        ids = self._database.array([row.id for row in rows])
        execute(f"DELETE FROM insights WHERE {self._database.any_of('id', 'ids')}", {"ids": ids})
        execute(f"DELETE FROM insight_runs WHERE {self._database.any_of('insight', 'ids')}", {"ids": ids})
        execute(_ADD, [row._asdict() for row in rows])

    def _those(self, execute: Execute, table: str, ids: Collection[str], which: str = "1 = 1") -> set[str]:
        """The ids that are in the table."""
        wanted = self._database.any_of("id", "ids")
        values = {"ids": self._database.array(sorted(clean(id) for id in ids))}
        return {id for (id,) in execute(f"SELECT id FROM {table} WHERE {wanted} AND {which}", values)}


def _move_on(execute: Execute, agents: set[str]) -> None:
    """Their keepers have to look again."""
    for agent in sorted(agents):
        execute(_MOVE_ON, {"agent": agent, "nothing": b""})


def _noted(execute: Execute, agent: str) -> Noted | None:
    rows = execute("SELECT version, document FROM memories WHERE agent = :agent", {"agent": agent})
    return Noted(int(rows[0][0]), bytes(rows[0][1])) if rows else None
