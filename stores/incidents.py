"""Incidents: one contract over SQLite and PostgreSQL, in the same database as the runs they were seen in.

Synchronous, as the store of runs is: for the background process and the command line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from records.case import Case
from records.decision import Decision
from records.guard import SignedPolicy
from records.incident import Incident, IncidentState
from records.score import Score
from stores.runs import PATIENCE


class Noted(NamedTuple):
    """What the keeper of an agent's incidents wrote down for itself: how far it has read.

    The document is empty where there are incidents, and it wrote nothing yet.
    """

    version: int
    document: bytes


class Tally(NamedTuple):
    """In how many runs a rule found anything, and what became of its incidents."""

    hits: int
    open: int
    confirmed: int
    dismissed: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Everything that follows when a person confirms an incident. `policy` is None where the rule that found it is
    enough, `case` where no call is left to make it of.

    The policy was made from its `parent`, which has to be live still.
    """

    incident: str
    actor: str
    because: str
    policy: SignedPolicy | None
    parent: int
    case: Case | None
    decision: Decision


class IncidentStore(Protocol):
    """Any thread may call it.

    Whatever deletes runs from their store takes what was seen in them out of the incidents, in the same transaction;
    that there was an incident, and how often, stays.
    """

    def incident(self, id: str, agent: str | None = None) -> Incident | None:
        """By its id or the beginning of it. Raises `StoreError` where several begin so."""
        ...

    def incidents(
        self,
        agent: str | None = None,
        *,
        states: Sequence[IncidentState] | None = None,
        ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Incident]:
        """Those escalated first, then those seen last."""
        ...

    def counts(self, agent: str | None = None) -> dict[IncidentState, int]:
        """How many there are in each state."""
        ...

    def tallies(self, agent: str) -> dict[str, Tally]:
        """By the id of the rule that was broken."""
        ...

    def noted(self, agent: str) -> Noted | None: ...

    def keep(
        self,
        agent: str,
        before: Noted | None,
        document: bytes,
        incidents: Sequence[Incident] = (),
        scores: Sequence[Score] = (),
        *,
        runs: Sequence[str] = (),
    ) -> Noted | None:
        """Put incidents and scores (those known by their ids stay as they are) and replace what was noted, in one
        transaction. What is noted now, with which to keep again.

        None, and nothing is done, where anybody else has changed an incident of the agent, or noted something, since
        `before` was read, or where one of the `runs` that were read is gone.
        """
        ...

    def confirm(self, confirmation: Confirmation) -> Incident:
        """All of it in one transaction: the incident, the policy and that it is live, the case, the decision.

        Raises `StoreError`, and nothing is done, where the incident is not open any more, another policy is live than
        the one this was made from, or a run that the case came of is gone.
        """
        ...

    def dismiss(self, id: str, actor: str, because: str, decision: Decision) -> Incident:
        """In one transaction. Raises `StoreError`, and nothing is done, where it is not open any more."""
        ...

    def close(self) -> None: ...


def open_incidents(url: str, *, patience: float = PATIENCE) -> IncidentStore:
    """In the database of the runs, created or upgraded as needed. Raises `StoreError` as `open_store` does.

    `patience` is how many seconds a write waits for another's before it raises `StoreBusy`.
    """
    from stores.sql.opening import open_incidents_at

    return open_incidents_at(url, patience)
