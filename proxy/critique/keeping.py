"""Judging the critique of all agents that have it: whatever fails is said once and tried again."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from proxy.attempts import Attempts
from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config, Records
from proxy.critique.terms import critiqued_agents, terms_of
from stores.runs import RunStore

if TYPE_CHECKING:
    from proxy.critique.keeper import CritiqueKeeper, Stores

_EVERY: Final = 1.0
_PATIENCE: Final = 1.0
_log = logging.getLogger("burnish.critique")


class CritiqueKeeping:
    """`clock` is monotonic, in seconds; `wall` in nanoseconds since the epoch. Costs nothing where there is none."""

    def __init__(self, config: Config, runs: RunStore, *, clock: Callable[[], float], wall: Callable[[], int]) -> None:
        self._records: Records = config.records
        self._runs = runs
        self._clock = clock
        self._wall = wall
        self._config = config
        self._stores: Stores | None = None
        self._keepers: dict[str, CritiqueKeeper] = {}
        self._attempts = Attempts(_log)
        self._next_at = 0.0

    def use(self, config: Config) -> None:
        """Judge by another configuration from now on; where the records are stays as it was."""
        self._config = config
        self._keepers = {}
        self._attempts.forget()

    def step(self) -> bool:
        """Once a second, takes in what is new. True where there is more to do right away."""
        now = self._clock()
        if now < self._next_at:
            return False
        more = False
        for name, agent, step in critiqued_agents(self._config):
            more = (
                self._attempts.attempt(
                    f"agent {name!r}: critique is not judged",
                    f"agent {name!r}: critique is judged again",
                    now,
                    partial(self._take_in, name, agent, step),
                )
                or more
            )
        self._next_at = now if more else now + _EVERY
        return more

    def close(self) -> None:
        if self._stores is not None:
            self._stores.ledger.close()
            self._stores.insights.close()
            self._stores.states.close()
            self._stores = None

    def _take_in(self, name: str, agent: AgentConfig, step: StepConfig) -> bool:
        return self._keeper(name, agent, step).step()

    def _keeper(self, name: str, agent: AgentConfig, step: StepConfig) -> "CritiqueKeeper":
        if name not in self._keepers:
            # Imported here: the step's settings cost what only critique should.
            from proxy.critique.keeper import CritiqueKeeper

            terms = terms_of(name, agent, step, self._config.hash)
            self._keepers[name] = CritiqueKeeper(terms, self._opened(), clock=self._wall)
        return self._keepers[name]

    def _opened(self) -> "Stores":
        if self._stores is None:
            from proxy.critique.keeper import Stores
            from stores.critique_states import CRITIQUE
            from stores.insights import open_insights
            from stores.ledger import open_ledger
            from stores.states.opening import states_in

            records = self._records
            self._stores = Stores(
                self._runs,
                open_ledger(records.database, patience=_PATIENCE),
                open_insights(records.database, patience=_PATIENCE),
                states_in(records.dir, records.redis, CRITIQUE),
            )
        return self._stores
