"""Variants, scores and decisions: one contract over SQLite and PostgreSQL, in the same database as the runs.

Synchronous, as the store of runs is: for the background process, the command line, and a thread of the data plane.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from records.decision import Decision, DecisionKind
from records.score import Score, ScoreSource
from records.variant import State, Variant
from stores.runs import PATIENCE


class Kept(NamedTuple):
    """What became of a score that was put. `new`: nobody had given it; `changed`: the rater has thought again."""

    new: bool
    changed: bool


class ScoreFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which scores are meant: those that every field given agrees with. Times are inclusive and exclusive."""

    tenant: str | None = None
    agent: str | None = None
    subjects: Sequence[str] | None = None
    evaluator: str | None = None
    source: ScoreSource | None = None
    rater: str | None = None
    since_ns: int | None = None
    until_ns: int | None = None


class Sequenced(NamedTuple):
    """A score with its place in the order in which scores were put; one that was changed has a new place."""

    seq: int
    score: Score


class Ledger(Protocol):
    """Append-only, save for a rater's second thoughts, a variant's state, and erasure."""

    def add_variant(self, variant: Variant) -> bool:
        """False where the agent has it already, under whatever name. Raises `StoreError` for a name that is taken."""
        ...

    def variant(self, agent: str, name: str) -> Variant | None:
        """By its name, its id, or the beginning of its id."""
        ...

    def variants(self, agent: str | None = None) -> list[Variant]:
        """Oldest first."""
        ...

    def move_variant(self, id: str, state: State, decision: Decision) -> Variant:
        """Set its state and keep why, in one transaction. Raises `StoreError` where there is no such variant."""
        ...

    def put_score(self, score: Score) -> Kept:
        """By its id: the same again changes nothing, another value of the same rater replaces the first."""
        ...

    def scores(self, which: ScoreFilter, limit: int | None = None) -> list[Score]:
        """Newest first."""
        ...

    def scores_after(self, seq: int, limit: int) -> list[Sequenced]:
        """Those put or changed since, in that order: an idempotent cursor for whoever folds them into something."""
        ...

    def count_scores(self, which: ScoreFilter) -> int: ...

    def add_decision(self, decision: Decision) -> None:
        """By its id; the same again changes nothing."""
        ...

    def decisions(
        self, agent: str, *, kinds: Sequence[DecisionKind] | None = None, subject: str | None = None, limit: int = 50
    ) -> list[Decision]:
        """Newest first."""
        ...

    def erase_scores(self, subjects: Sequence[str]) -> int:
        """Those of runs that are erased."""
        ...

    def close(self) -> None: ...


def open_ledger(url: str, *, patience: float = PATIENCE) -> Ledger:
    """In the database of the runs, created or upgraded as needed. Raises `StoreError` as `open_store` does."""
    from stores.sql.ledger import open_ledger_at

    return open_ledger_at(url, patience)
