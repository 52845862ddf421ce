"""Keeping all agents' incidents, and publishing what was learned: what fails is said once and tried again."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from proxy.attempts import Attempts
from proxy.config.agent import AgentConfig
from proxy.config.model import Config, Records
from proxy.guardrails.status import IncidentStatus, write_incidents
from stores.runs import RunStore
from stores.secret import load_secret

if TYPE_CHECKING:
    from proxy.guardrails.keeper import IncidentKeeper, Stores
    from proxy.guardrails.publishing import RulePublishing

STEP: Final = "guardrails"
_EVERY: Final = 0.5
_COUNT_EVERY: Final = 5.0
_PATIENCE: Final = 1.0
_log = logging.getLogger("burnish.guardrails")


class GuardKeeping:
    """`clock` is monotonic, in seconds. Costs nothing where no agent has guardrails."""

    def __init__(self, config: Config, runs: RunStore, *, clock: Callable[[], float]) -> None:
        self._records: Records = config.records
        self._runs = runs
        self._clock = clock
        self._config = config
        self._stores: Stores | None = None
        self._publishing: RulePublishing | None = None
        self._closing: list[Callable[[], None]] = []
        self._keepers: dict[str, IncidentKeeper] = {}
        self._attempts = Attempts(_log, first=_EVERY)
        self._next_at = self._count_at = 0.0
        self._counted: IncidentStatus | None = None

    def use(self, config: Config) -> None:
        """Go by another configuration from now on; where the records are stays as it was."""
        self._config = config
        self._keepers = {}
        self._attempts.forget()

    def step(self) -> bool:
        """Twice a second, takes in what is new and publishes what changed. True where there is more to do at once."""
        now = self._clock()
        if now < self._next_at:
            return False
        more = False
        guarded = [name for name, _ in guarded_agents(self._config)]
        if guarded:
            self._attempt("learned rules are not published", now, partial(self._publish, guarded, now))
        for name, agent in guarded_agents(self._config):
            if agent.record == "all":
                more = (
                    self._attempt(f"agent {name!r}: no incidents are made", now, partial(self._take_in, name)) or more
                )
        if guarded and now >= self._count_at:
            self._count_at = now + _COUNT_EVERY
            self._attempt("incidents are not counted", now, partial(self._count, guarded))
        self._next_at = now if more else now + _EVERY
        return more

    def close(self) -> None:
        while self._closing:
            self._closing.pop()()
        self._stores = self._publishing = None
        self._keepers = {}

    def _attempt(self, what: str, now: float, task: Callable[[], bool | None]) -> bool:
        return self._attempts.attempt(what, f"{what}: no longer", now, task)

    def _take_in(self, name: str) -> bool:
        if name not in self._keepers:
            # Imported here: it costs what only guarding should.
            from proxy.guardrails.keeper import IncidentKeeper

            self._keepers[name] = IncidentKeeper(name, self._opened())
        return self._keepers[name].step()

    def _opened(self) -> "Stores":
        if self._stores is None:
            from proxy.guardrails.keeper import Stores
            from stores.incidents import open_incidents

            incidents = open_incidents(self._records.database, patience=_PATIENCE)
            self._closing.append(incidents.close)
            self._stores = Stores(self._runs, incidents)
        return self._stores

    def _publish(self, agents: list[str], now: float) -> None:
        if self._publishing is None:
            from proxy.guardrails.publishing import Published, RulePublishing
            from stores.guard_rules import open_guard_rules
            from stores.learned_rules import RULES
            from stores.states.opening import states_in

            news = states_in(self._records.dir, self._records.redis, RULES)
            self._closing.append(news.close)
            rules = open_guard_rules(self._records.database, patience=_PATIENCE)
            self._closing.append(rules.close)
            self._publishing = RulePublishing(Published(rules, news), load_secret(self._records.dir))
        self._publishing.step(agents, now)

    def _count(self, agents: list[str]) -> None:
        incidents = self._opened().incidents
        counted = IncidentStatus({name: counts for name in agents if (counts := incidents.counts(name))})
        if counted != self._counted:
            write_incidents(self._records.dir, counted)
            self._counted = counted


def guarded_agents(config: Config) -> Iterator[tuple[str, AgentConfig]]:
    """Agents in whose calls something may be found. Costs no import."""
    for name, agent in config.agents.items():
        if guards(agent):
            yield name, agent


def guards(agent: AgentConfig) -> bool:
    """Whether the agent has guardrails, or a plugin's step, which may be one."""
    return agent.mode != "bypass" and any(
        step.enabled and (step.name == STEP or ":" in step.name) for step in agent.middleware
    )
