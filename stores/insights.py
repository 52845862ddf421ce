"""Insights: one contract over SQLite and PostgreSQL, in the same database as the runs they came of.

This is where they are kept; an index of vectors (`stores.answers`) is made from it, and can be made again. Synchronous,
as the store of runs is: for the background process and the command line.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from records.insight import Insight, InsightKind, InsightState
from stores.runs import PATIENCE


class InsightChange(NamedTuple):
    """An insight as it is now, at its place in the order of changes; `insight` is None where it was deleted."""

    seq: int
    id: str
    tenant: str
    agent: str
    insight: Insight | None


class Noted(NamedTuple):
    """What the keeper of an agent's memory wrote down for itself: its cursors, and what it has counted.

    The document is empty where there are changes, and it wrote nothing yet.
    """

    version: int
    document: bytes


class InsightStore(Protocol):
    """Any thread may call it. What is looked for are answers, where no other kind is named.

    Whatever deletes runs from their store deletes the insights that came of them, in the same transaction, and those
    whose writer is the user that is deleted; their words are gone then, and `changes` tells of it. One is never put
    when a run that it came of is gone, nor one that was forgotten for good: it is passed over.
    """

    def put(self, insights: Sequence[Insight]) -> None:
        """By id, all in one transaction; each is a change."""
        ...

    def insight(self, agent: str, id: str, *, kind: InsightKind = "answer") -> Insight | None:
        """By its id or the beginning of it. Raises `StoreError` where several begin so."""
        ...

    def insights(
        self,
        agent: str,
        *,
        kind: InsightKind = "answer",
        states: Sequence[InsightState] | None = None,
        runs: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Insight]:
        """Oldest first; `runs`: those that came of any of these."""
        ...

    def ids(self, agent: str, states: Sequence[InsightState], *, kind: InsightKind = "answer") -> list[str]:
        """Of those in these states, oldest first."""
        ...

    def counts(self, agent: str, *, kind: InsightKind = "answer") -> dict[InsightState, int]:
        """How many there are in each state."""
        ...

    def agents(self) -> list[str]:
        """Those of which anything is noted."""
        ...

    def delete(self, ids: Sequence[str], *, for_good: bool = True) -> int:
        """How many there were. `for_good`: the same words are not taken up again."""
        ...

    def changes(self, after: int, limit: int) -> list[InsightChange]:
        """Those since, in order; an insight that changed again is there once, at its last place.

        No change ever appears at or before a place that was read, however many processes write at once.
        """
        ...

    def noted(self, agent: str) -> Noted | None: ...

    def keep(self, agent: str, before: Noted | None, document: bytes, insights: Sequence[Insight] = ()) -> Noted | None:
        """Put insights and replace what was noted, in one transaction. What is noted now, with which to keep again.

        None, and nothing is done, where anybody else has put or deleted an insight of the agent, or noted something,
        since `before` was read.
        """
        ...

    def close(self) -> None: ...


def open_insights(url: str, *, patience: float = PATIENCE) -> InsightStore:
    """In the database of the runs, created or upgraded as needed. Raises `StoreError` as `open_store` does.

    `patience` is how many seconds a write waits for another's before it raises `StoreBusy`.
    """
    from stores.sql.opening import open_insights_at

    return open_insights_at(url, patience)
