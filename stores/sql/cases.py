"""Cases in SQL that SQLite and PostgreSQL read alike."""

from collections.abc import Sequence
from typing import Final

from records.case import Case, Provenance, Split
from stores.sql.guard_rows import add_case, case_of, missing_runs, only_one
from stores.sql.ledger_database import Database
from stores.sql.row import clean

_NO_LIMIT: Final = 2**62


class SqlCases:
    """A `CaseStore` over either database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, cases: Sequence[Case]) -> int:
        with self._database.writing() as execute:
            gone = missing_runs(execute, self._database, [run for case in cases for run in case.runs])
            kept = [case for case in cases if gone.isdisjoint(map(clean, case.runs))]
            return sum(add_case(execute, case) for case in kept)

    def case(self, id: str) -> Case | None:
        if not id:
            return None
        # "g" sorts behind every hex digit.
        named = {"first": clean(id), "last": f"{clean(id)}g"}
        found = "SELECT id, document FROM cases WHERE id >= :first AND id < :last ORDER BY id LIMIT 3"
        with self._database.reading() as execute:
            document = only_one("cases", id, execute(found, named))
        return None if document is None else case_of(document)

    def cases(
        self, agent: str, *, provenance: Provenance | None = None, split: Split | None = None, limit: int | None = None
    ) -> list[Case]:
        wanted = "agent = :agent"
        values: dict[str, object] = {"agent": clean(agent), "limit": _NO_LIMIT if limit is None else limit}
        for column, value in (("provenance", provenance), ("split", split)):
            if value is not None:
                wanted, values[column] = f"{wanted} AND {column} = :{column}", value
        found = f"SELECT document FROM cases WHERE {wanted} ORDER BY seq LIMIT :limit"
        with self._database.reading() as execute:
            return [case_of(document) for (document,) in execute(found, values)]

    def delete(self, ids: Sequence[str]) -> int:
        wanted = {"ids": self._database.array([clean(id) for id in ids])}
        with self._database.writing() as execute:
            ((there,),) = execute(f"SELECT count(*) FROM cases WHERE {self._database.any_of('id', 'ids')}", wanted)
            execute(f"DELETE FROM cases WHERE {self._database.any_of('id', 'ids')}", wanted)
            execute(f"DELETE FROM case_runs WHERE {self._database.any_of('case_id', 'ids')}", wanted)
        if there:
            self._database.scrub()
        return int(there)

    def close(self) -> None:
        self._database.close()
