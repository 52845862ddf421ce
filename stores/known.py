"""Whose a run is and where its trace is, for whoever is told of one by its id.

Any thread may ask it; unlike the store of runs it costs a process no SQLAlchemy where the database is an SQLite file.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from stores.runs import PATIENCE


class KnownRun(NamedTuple):
    """`user` is the keyed hash that runs carry."""

    id: str
    tenant: str
    agent: str
    user: str | None


class TracedRun(NamedTuple):
    """A run by its trace."""

    id: str
    trace_id: str
    response_id: str | None


class KnownRuns(Protocol):
    """Who asks for a client names the client's agent: of another's there is nothing to be learned.

    All methods raise `StoreError`.
    """

    def get(self, agent: str, run_id: str) -> KnownRun | None: ...

    def answered(self, agent: str, response_id: str) -> Sequence[KnownRun]:
        """The agent's runs whose answer has this id, two at the most: a provider may give an id more than once."""
        ...

    def traced(self, run_ids: Sequence[str]) -> Mapping[str, TracedRun]:
        """Those of the runs that are there, whichever agent's, by their ids."""
        ...

    def cursors(self) -> Mapping[str, int]:
        """How far each segment of the journal is in the store."""
        ...

    def close(self) -> None: ...


def open_known_runs(url: str, *, patience: float = PATIENCE) -> KnownRuns:
    """In the database of the runs, created or upgraded as needed. Raises `StoreError` as `open_store` does."""
    from stores.sql.opening import open_known_runs_at

    return open_known_runs_at(url, patience)
