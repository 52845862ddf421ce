"""Variants, scores and decisions: one contract over SQLite and PostgreSQL, in the same database as the runs.

Synchronous, as the store of runs is: for the background process, the command line, and threads of the data plane.
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
    """Which scores are meant: those that every field given agrees with.

    Pairs are among the scores of either of their `subjects`. Times are inclusive and exclusive.
    """

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
    """Append-only, save for a rater's second thoughts, a variant's name and state, and erasure: whatever deletes runs
    from their store deletes their scores, in the same transaction. Any thread may call it."""

    def add_variant(self, variant: Variant, *, instead: Decision | None = None) -> bool:
        """False where the agent has it already, under whatever name. Raises `StoreError` for a name that is taken.

        With `instead`, which says why, whoever has the name makes way: it is retired and called `NAME.DIGEST` from then
        on. One that made way itself gets its name and the given state back, and that is True as well.
        """
        ...

    def variant(self, agent: str, name: str) -> Variant | None:
        """By its name, its id, or the beginning of its id or digest. Raises `StoreError` where several begin so."""
        ...

    def variants(self, agent: str | None = None) -> list[Variant]:
        """Oldest first."""
        ...

    def move_variant(self, id: str, state: State, decision: Decision, *, was: State | None = None) -> Variant:
        """Set its state and keep why, in one transaction; the decision's evidence is given `variant`, `was` and `now`.

        A variant that is in the state already stays there, and nothing is kept. Raises `StoreError` where there is no
        such variant, or its state is another than it `was` when the decision was made.
        """
        ...

    def put_score(self, score: Score) -> Kept:
        """By its id: the same again, at whatever time, changes nothing; anything else replaces what was there."""
        ...

    def put_scores(self, scores: Sequence[Score]) -> list[Kept]:
        """All of them in one transaction."""
        ...

    def scores(self, which: ScoreFilter, limit: int | None = None) -> list[Score]:
        """Newest first."""
        ...

    def scores_after(self, seq: int, limit: int) -> list[Sequenced]:
        """Those put or changed since, in that order: an idempotent cursor for whoever folds them into something.

        No score ever appears at or before a place that was read, however many processes put scores at once.
        """
        ...

    def last_score(self) -> int:
        """The place of the newest score, to read on from; 0 where there is none."""
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

    def close(self) -> None: ...


def open_ledger(url: str, *, patience: float = PATIENCE) -> Ledger:
    """In the database of the runs, created or upgraded as needed. Raises `StoreError` as `open_store` does.

    `patience` is how many seconds a write waits for another's before it raises `StoreBusy`.
    """
    from stores.sql.opening import open_ledger_at

    return open_ledger_at(url, patience)
