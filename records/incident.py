"""An Incident: something that a rule of a guardrail found, however often, until a person says what to make of it."""

import hashlib
from typing import Final, Literal, TypeAlias

import msgspec

from records.guard import Action, Mode, Place

IncidentState: TypeAlias = Literal["open", "confirmed", "dismissed"]
"""`confirmed`: it was what the rule says, and a rule of its own was learned from it; `dismissed`: it was nothing."""
STATES: Final[tuple[IncidentState, ...]] = ("open", "confirmed", "dismissed")
_FIRST: Final = 2
_LAST: Final = 6


class Sighting(msgspec.Struct, frozen=True):
    """One run it was found in. `evidence` is what stood around, masked; it goes when the run is deleted."""

    run: str
    evidence: str
    at_ns: int


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """The same find of the same rule is one incident; `count` is in how many runs it was found.

    `rule_version`, `action`, `mode`, `place` and `reason` are those of the first sighting. `sightings` are the first
    few and the last few, in order. `fingerprint` tells the find from another and is no use without the deployment's
    secret. `escalated`: a person is asked to look before all others. `decided_by` and `because` are of who confirmed or
    dismissed it.
    """

    id: str
    tenant: str
    agent: str
    rule: str
    rule_version: int = 1
    action: Action
    mode: Mode
    place: Place
    reason: str
    fingerprint: str = ""
    state: IncidentState = "open"
    escalated: bool = False
    count: int = 1
    sightings: tuple[Sighting, ...] = ()
    created_ns: int
    changed_ns: int
    decided_by: str = ""
    because: str = ""
    config_hash: str = ""

    @property
    def short(self) -> str:
        """The beginning of its id: enough for people."""
        return self.id[:8]

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of the runs that are known to hold it."""
        return tuple(each.run for each in self.sightings)

    @property
    def evidence(self) -> str:
        """The first excerpt that is left; empty where every run it came from was deleted."""
        return next((each.evidence for each in self.sightings if each.evidence), "")

    def seen_again(self, other: "Incident") -> "Incident":
        """With what `other`, found later, adds to it."""
        sightings = (*self.sightings, *other.sightings)
        if len(sightings) > _FIRST + _LAST:
            sightings = (*sightings[:_FIRST], *sightings[-_LAST:])
        return msgspec.structs.replace(
            self,
            count=self.count + other.count,
            sightings=sightings,
            escalated=self.escalated or other.escalated,
            changed_ns=max(self.changed_ns, other.changed_ns),
        )

    def without(self, runs: set[str]) -> "Incident":
        """When these runs are deleted: that it happened stays, and what was seen there goes."""
        left = tuple(each for each in self.sightings if each.run not in runs)
        return msgspec.structs.replace(self, sightings=left)


def incident_id(tenant: str, agent: str, rule: str, find: str) -> str:
    """32 hex digits; the same for the same find of the same agent's rule. `find` is its fingerprint."""
    told = "\0".join((tenant, agent, rule, find))
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
