"""Keeps what is known of one agent's tools: reads its runs, folds what became of calls, and publishes which tools fail.

It may be killed anywhere. What it knows is kept as one document with its cursor, replaced as a whole and only by
whoever has read it; what it puts into the ledger has the same ids when it is put again.
"""

import hashlib
from typing import Final, NamedTuple

from policies.tools.settings import BreakerSettings
from policies.tools.state import Change
from proxy.tools.known import Known, encoded, failing, known_from
from records.decision import Decision
from stores.ledger import Ledger
from stores.routing import Folded
from stores.runs import RunStore
from stores.states import States
from stores.tool_states import FailingTools

ACTOR: Final = "burnish"
_UNSAVED: Final = 1_000
"""Places in the order of runs that may have to be read again after a restart, where nothing was learned from them."""


class Stores(NamedTuple):
    """Where it reads and writes."""

    runs: RunStore
    ledger: Ledger
    states: States[FailingTools]


class ToolKeeper:
    """`at_once` is how many runs are read in one step."""

    def __init__(
        self,
        agent: str,
        settings: BreakerSettings,
        stores: Stores,
        *,
        tenant: str = "default",
        config_hash: str = "",
        at_once: int = 1_000,
    ) -> None:
        self._agent = agent
        self._settings = settings
        self._stores = stores
        self._tenant = tenant
        self._config_hash = config_hash
        self._at_once = at_once
        self._folded: Folded | None = None
        self._known: Known | None = None
        self._saved_runs = 0

    def step(self) -> bool:
        """Takes in what is new; true where there is more of it. May be called again after any error."""
        try:
            return self._step()
        except BaseException:
            # What was kept last is true; what was made of it since may be half done.
            self._known = None
            raise

    def _step(self) -> bool:
        known = self._known or self._load()
        page = self._stores.runs.after(known.runs, self._at_once, self._agent)
        runs = [indexed.run for indexed in page.runs]
        changes = known.take(self._settings, runs)
        known.runs = max(known.runs, page.upto)
        self._known = known
        for change in changes:
            self._stores.ledger.add_decision(self._decision(change))
        if any(run.tools for run in runs) or known.runs - self._saved_runs >= _UNSAVED:
            self._save(known)
        return len(page.runs) == self._at_once or self._known is None

    def _load(self) -> Known:
        self._folded = self._stores.states.load(self._agent)
        known = known_from(self._folded.state) if self._folded else None
        known = known or Known()
        self._saved_runs = known.runs
        return known

    def _save(self, known: Known) -> None:
        before = self._folded
        folded = Folded(before.cursor + 1 if before else 1, encoded(known))
        if self._stores.states.save(before, folded, failing(self._agent, known.tools)):
            self._folded, self._saved_runs = folded, known.runs
        else:
            # Another process has folded meanwhile, or what was kept is gone.
            self._known = None

    def _decision(self, change: Change) -> Decision:
        told = "\0".join((self._agent, "breaker", change.tool, change.what, str(change.at_ns)))
        who = f"{change.tool} {change.what}" if change.tool else change.what
        return Decision(
            id=hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
            tenant=self._tenant,
            agent=self._agent,
            kind="breaker",
            subject=change.tool,
            text=f"{who}: {change.why}",
            evidence={"change": change.what, **change.evidence},
            actor=ACTOR,
            created_ns=change.at_ns,
            config_hash=self._config_hash,
        )
