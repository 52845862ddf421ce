"""Keeps one agent's incidents: reads its runs, and makes a score and an incident of whatever guardrails found.

It may be killed anywhere. How far it has read is kept together with what it made of that, in one transaction, so that
nothing counts twice; and what a person decides meanwhile makes it look again.
"""

from typing import Final, NamedTuple

import msgspec

from proxy.guardrails.violations import FACT, incidents_in, scores_in, violations_in
from records.incident import Incident
from records.score import Score
from stores.incidents import IncidentStore, Noted
from stores.runs import RunStore

_UNSAVED: Final = 1_000
"""Places in the order of runs that may have to be read again after a restart, where nothing was found in them."""


class Stores(NamedTuple):
    """Where it reads and writes."""

    runs: RunStore
    incidents: IncidentStore


class Notes(msgspec.Struct, array_like=True, frozen=True):
    """`runs` is the place in the order of runs that was read up to."""

    runs: int = 0


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Notes).decode


class IncidentKeeper:
    """`at_once` is how many runs are read in one step."""

    def __init__(self, agent: str, stores: Stores, *, at_once: int = 1_000) -> None:
        self._agent = agent
        self._stores = stores
        self._at_once = at_once
        self._loaded = False
        self._noted: Noted | None = None
        self._read = 0
        self._saved = 0

    def step(self) -> bool:
        """Takes in what is new; true where there is more of it. May be called again after any error."""
        try:
            return self._step()
        except BaseException:
            self._loaded = False
            raise

    def _step(self) -> bool:
        if not self._loaded:
            self._load()
        page = self._stores.runs.after(self._read, self._at_once, self._agent, fact=FACT)
        runs: list[str] = []
        incidents: dict[str, Incident] = {}
        scores: list[Score] = []
        for run in (indexed.run for indexed in page.runs if indexed.run.source == "live"):
            violations = violations_in(run)
            if violations:
                runs.append(run.id)
                scores += scores_in(run, violations)
                for incident in incidents_in(run, violations):
                    known = incidents.get(incident.id)
                    incidents[incident.id] = known.seen_again(incident) if known else incident
        upto = max(self._read, page.upto)
        if runs or upto - self._saved >= _UNSAVED:
            known_now = {each.id: each for each in self._stores.incidents.incidents(ids=list(incidents))}
            merged = [known_now[id].seen_again(each) if id in known_now else each for id, each in incidents.items()]
            document = _encode(Notes(upto))
            noted = self._stores.incidents.keep(self._agent, self._noted, document, merged, scores, runs=runs)
            if noted is None:
                # A person, or who deletes runs, has changed something meanwhile: all is read again.
                self._loaded = False
                return True
            self._noted, self._saved = noted, upto
        self._read = upto
        return page.more

    def _load(self) -> None:
        self._noted = self._stores.incidents.noted(self._agent)
        notes = _decode(self._noted.document) if self._noted and self._noted.document else Notes()
        self._read = self._saved = notes.runs
        self._loaded = True
