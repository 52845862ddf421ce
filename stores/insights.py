"""Insights: one contract over SQLite and PostgreSQL, in the same database as the runs they came of.

This is where they are kept; an index of vectors (`stores.answers`) is made from it, and can be made again. Synchronous,
as the store of runs is: for the background process and the command line.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from records.insight import Insight, InsightState


class InsightChange(NamedTuple):
    """An insight as it is now, at its place in the order of changes; `insight` is None where it was deleted."""

    seq: int
    id: str
    tenant: str
    agent: str
    insight: Insight | None


class InsightStore(Protocol):
    """Whatever deletes runs from their store deletes the insights that came of them, in the same transaction; their
    words are gone then, and `changes` tells of it. Any thread may call it."""

    def put(self, insights: Sequence[Insight]) -> None:
        """By id, all in one transaction; each is a change."""
        ...

    def insight(self, agent: str, id: str) -> Insight | None:
        """By its id or the beginning of it. Raises `StoreError` where several begin so."""
        ...

    def insights(
        self, agent: str, *, states: Sequence[InsightState] | None = None, runs: Sequence[str] | None = None
    ) -> list[Insight]:
        """Oldest first; `runs`: those that came of any of these."""
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """How many there were."""
        ...

    def changes(self, after: int, limit: int) -> list[InsightChange]:
        """Those since, in order; an insight that changed again is there once, at its last place."""
        ...

    def close(self) -> None: ...
