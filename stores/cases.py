"""Cases: one contract over SQLite and PostgreSQL, in the same database as the runs that some of them came of."""

from collections.abc import Sequence
from typing import Protocol

from records.case import Case, Provenance, Split
from stores.runs import PATIENCE


class CaseStore(Protocol):
    """Any thread may call it. Whatever deletes runs from their store deletes the cases that came of them, in the same
    transaction."""

    def put(self, cases: Sequence[Case]) -> int:
        """How many were new: one that is there stays as it is. One is passed over when a run that it came of is gone.
        All in one transaction."""
        ...

    def case(self, id: str) -> Case | None:
        """By its id or the beginning of it. Raises `StoreError` where several begin so."""
        ...

    def cases(
        self, agent: str, *, provenance: Provenance | None = None, split: Split | None = None, limit: int | None = None
    ) -> list[Case]:
        """Oldest first."""
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """How many there were."""
        ...

    def close(self) -> None: ...


def open_cases(url: str, *, patience: float = PATIENCE) -> CaseStore:
    """In the database of the runs, created or upgraded as needed. Raises `StoreError` as `open_store` does."""
    from stores.sql.opening import open_cases_at

    return open_cases_at(url, patience)
