"""Keeping what is known of tools for all agents that watch them: whatever fails is said once and tried again."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from proxy.attempts import Attempts
from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config, Records
from stores.runs import RunStore

if TYPE_CHECKING:
    from proxy.tools.keeper import Stores, ToolKeeper

STEP: Final = "tool_outcomes"
_EVERY: Final = 1.0
_PATIENCE: Final = 1.0
_log = logging.getLogger("burnish.tools")


class ToolKeeping:
    """`clock` is monotonic, in seconds. Costs nothing where no agent watches its tools."""

    def __init__(self, config: Config, runs: RunStore, *, clock: Callable[[], float]) -> None:
        self._records: Records = config.records
        self._runs = runs
        self._clock = clock
        self._config = config
        self._stores: Stores | None = None
        self._keepers: dict[str, ToolKeeper] = {}
        self._attempts = Attempts(_log)
        self._next_at = 0.0

    def use(self, config: Config) -> None:
        """Watch by another configuration from now on; where the records are stays as it was."""
        self._config = config
        self._keepers = {}
        self._attempts.forget()

    def step(self) -> bool:
        """Once a second, takes in what is new. True where there is more to do right away."""
        now = self._clock()
        if now < self._next_at:
            return False
        more = False
        for name, agent, step in watching_agents(self._config):
            more = (
                self._attempts.attempt(
                    f"agent {name!r}: tools are not judged",
                    f"agent {name!r}: tools are judged again",
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
            self._stores.states.close()
            self._stores = None

    def _take_in(self, name: str, agent: AgentConfig, step: StepConfig) -> bool:
        return self._keeper(name, agent, step).step()

    def _keeper(self, name: str, agent: AgentConfig, step: StepConfig) -> "ToolKeeper":
        if name not in self._keepers:
            # Imported here: the step's settings cost what only watching should.
            from middleware.tool_outcomes import ToolOutcomesSettings
            from proxy.tools.keeper import ToolKeeper

            settings = ToolOutcomesSettings.model_validate(step.settings)
            self._keepers[name] = ToolKeeper(
                name, settings.breakers, self._opened(), tenant=agent.tenant, config_hash=self._config.hash
            )
        return self._keepers[name]

    def _opened(self) -> "Stores":
        if self._stores is None:
            from proxy.tools.keeper import Stores
            from stores.ledger import open_ledger
            from stores.states.opening import states_in
            from stores.tool_states import TOOLS

            records = self._records
            ledger = open_ledger(records.database, patience=_PATIENCE)
            self._stores = Stores(self._runs, ledger, states_in(records.dir, records.redis, TOOLS))
        return self._stores


def watching_agents(config: Config) -> Iterator[tuple[str, AgentConfig, StepConfig]]:
    """Agents whose tools are watched, with the step that says how. Costs no import."""
    for name, agent in config.agents.items():
        if (step := watches(agent)) is not None:
            yield name, agent, step


def watches(agent: AgentConfig) -> StepConfig | None:
    """The step that says how an agent's tools are watched; None where they are not."""
    if agent.mode == "bypass" or agent.record != "all":
        return None
    return next((step for step in agent.middleware if step.name == STEP and step.enabled), None)
