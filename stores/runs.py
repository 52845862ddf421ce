"""Where runs are kept and looked up: one contract over SQLite and PostgreSQL.

The store is synchronous: it belongs to the background process and the command line, never to the proxy's event loop.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from records.run import Outcome, Run, Source, Turn

PATIENCE: Final = 10.0


class StoreError(Exception):
    """The store cannot do what was asked; the message names it and the remedy."""


class StoreBusy(StoreError):
    """The store is locked, full or unreachable now: nothing was changed, and the same call may succeed later."""


class Position(NamedTuple):
    """Where a page of `find` ended: pass it as `after` for the next one."""

    started_ns: int
    seq: int


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs are meant: those that every field given agrees with.

    `user` is the HMAC that runs carry, `status` a half-open range, `since_ns` inclusive and `until_ns` exclusive by the
    run's start; `text` is looked for in the question and the answer, whatever its case.
    """

    ids: Sequence[str] | None = None
    tenant: str | None = None
    agent: str | None = None
    session: str | None = None
    session_prefix: str | None = None
    user: str | None = None
    variant: str | None = None
    model: str | None = None
    outcome: Outcome | None = None
    status: range | None = None
    source: Source | None = None
    turn: Turn | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    text: str | None = None


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a run; `question` and `answer` are plain text, cut to a few lines."""

    seq: int
    id: str
    trace_id: str
    tenant: str
    agent: str
    config_hash: str
    source: str
    turn: str
    session: str | None
    session_source: str
    user: str | None
    variant: str
    provider: str | None
    model: str | None
    status: int
    outcome: str
    streamed: bool
    started_ns: int
    ended_ns: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    propensity: float | None
    question: str
    answer: str

    @property
    def position(self) -> Position:
        return Position(self.started_ns, self.seq)


class IndexedRun(NamedTuple):
    """A run and its place in the order in which runs were put.

    Request bodies that are shared with other runs are left out; `question` is what was asked, as plain text.
    """

    seq: int
    run: Run
    question: str


class IndexedRuns(NamedTuple):
    """Runs in the order in which they were put, the place that was read up to, and whether there may be more."""

    runs: list[IndexedRun]
    upto: int
    more: bool = False


class RunStore(Protocol):
    """Runs by id, and by what they share."""

    def put(self, runs: Sequence[Run], cursors: Mapping[str, int]) -> int:
        """Adds the runs and moves the journal cursors (segment name to byte offset) in one transaction.

        A run whose id is already there is passed over. Returns how many were new.
        """
        ...

    def cursors(self) -> dict[str, int]:
        """How far each journal segment has been read."""
        ...

    def forget_cursors(self, segments: Sequence[str]) -> None:
        """Drops the cursors of segments that are no more."""
        ...

    def get(self, run_id: str) -> Run | None:
        """The run, equal to the one put."""
        ...

    def matching(self, prefix: str, limit: int = 2) -> list[str]:
        """Ids that start with `prefix`, newest first."""
        ...

    def find(self, which: RunFilter, limit: int = 50, after: Position | None = None) -> list[RunSummary]:
        """The runs meant, newest first, beginning behind `after`."""
        ...

    def after(self, seq: int, limit: int, agent: str | None = None, *, fact: str | None = None) -> IndexedRuns:
        """Those put since, the agent's alone if one is named: an idempotent cursor for whoever learns from them.

        With a `fact`, only those that seem to have one of that name, and no run that has is missing: the others are not
        read further than that takes. `limit` is of all.

        No run ever appears at or before a place that was read up to, however many processes put runs at once.
        """
        ...

    def count(self, which: RunFilter) -> int: ...

    def delete(self, which: RunFilter, limit: int | None = None) -> list[str]:
        """Removes the runs meant (the oldest `limit` of them), every message that no other run holds, and their scores.

        One transaction. Returns their ids, so that the journal can be erased too. Scores of the `ids` given go even
        where there is no such run; where a `user` is all that is given, the scores that this user gave go as well. What
        was seen in the runs goes out of incidents, and cases that came of them go. A filter without any field is
        refused.
        """
        ...

    def backup(self, file: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Copies a consistent snapshot into a new file while the store is in use. SQLite only.

        `progress` is told the pages copied and their number.
        """
        ...

    def close(self) -> None: ...


def open_store(url: str, *, patience: float = PATIENCE) -> RunStore:
    """The store at `sqlite:///PATH` or `postgresql://…`, created or upgraded to this version's schema as needed.

    An SQLite file waits `patience` seconds for another process's lock before it raises `StoreBusy`. Raises `StoreError`
    for another kind of URL, a database that cannot be reached, or one that a newer Burnish wrote.
    """
    # Who only names the types must not pay for the databases.
    from stores.sql.opening import open_at

    return open_at(url, patience)
