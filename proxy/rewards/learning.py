"""Learning for all agents that do, in the background process: whatever fails is said once and tried again."""

import logging
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config, Records
from proxy.rewards.terms import learning_agents, terms_of
from stores.runs import RunStore, StoreError

if TYPE_CHECKING:
    from proxy.feedback.watch import RaterWatch
    from proxy.rewards.learner import Learner, Stores
    from stores.routing import BanditStore

_EVERY: Final = 1.0
_LONGEST_DELAY: Final = 10.0
_FORGET_EVERY: Final = 3600.0
_STUCK: Final = 30 * 86_400
"""Seconds that a session keeps its variant, as in Redis."""
_PATIENCE: Final = 1.0
_log = logging.getLogger("burnish.learning")


class Learning:
    """`clock` is monotonic, in seconds; `wall` in nanoseconds since the epoch. Costs nothing where no agent learns."""

    def __init__(self, config: Config, runs: RunStore, *, clock: Callable[[], float], wall: Callable[[], int]) -> None:
        self._records: Records = config.records
        self._runs = runs
        self._clock = clock
        self._wall = wall
        self._config = config
        self._stores: Stores | None = None
        self._learners: Mapping[str, Learner] | None = None
        self._watches: dict[str, RaterWatch] = {}
        self._next_at = 0.0
        self._delay = 0.0
        self._forget_at = clock()
        self._complaint = ""

    def use(self, config: Config) -> None:
        """Learn by another configuration from now on; where the records are stays as it was."""
        self._config = config
        self._learners = None

    def step(self) -> bool:
        """Once a second, learns what is new. True where there is more to do right away."""
        now = self._clock()
        if now < self._next_at:
            return False
        more = False
        try:
            for name, learner in self._all().items():
                more = self._learn(name, learner) or more
            if self._stores is not None and now >= self._forget_at:
                self._forget_at = now + _FORGET_EVERY
                self._stores.bandits.forget(self._wall() - _STUCK * 10**9)
        except StoreError as error:
            self._delay = min(_LONGEST_DELAY, self._delay * 2 or _EVERY)
            self._complain(f"nothing is learned for now, and nothing is lost: {error}")
            self._next_at = now + self._delay
            return False
        if self._complaint and self._delay:
            _log.warning("learning goes on")
            self._complaint = ""
        self._delay = 0.0
        self._next_at = now if more else now + _EVERY
        return more

    def close(self) -> None:
        if self._stores is not None:
            self._stores.ledger.close()
            self._stores.bandits.close()
            self._stores = None

    def _learn(self, name: str, learner: "Learner") -> bool:
        try:
            self._watches[name].look()
            return learner.step()
        except StoreError:
            raise
        except Exception as error:
            # The record is kept by the same process: it may not end over what is learned from it.
            self._complain(f"agent {name!r}: nothing is learned: {type(error).__name__}: {error}")
            return False

    def _all(self) -> "Mapping[str, Learner]":
        if self._learners is None:
            made = [(name, self._made(name, agent, step)) for name, agent, step in learning_agents(self._config)]
            self._learners = {name: learner for name, learner in made if learner is not None}
        return self._learners

    def _made(self, name: str, agent: AgentConfig, step: StepConfig) -> "Learner | None":
        # Imported here: numpy and the steps' settings cost what only learning should.
        from proxy.feedback.watch import RaterWatch
        from proxy.rewards.learner import Learner
        from proxy.seeding import Seeding

        try:
            terms = terms_of(name, agent, step)
        except ValueError as error:
            # The workers refuse such a configuration, and say more.
            self._complain(f"agent {name!r}: nothing is learned: {error}")
            return None
        if terms is None:
            return None
        stores, hash = self._opened(), self._config.hash
        Seeding(stores.ledger, clock=self._wall, new_id=lambda: secrets.token_hex(16))(name, agent, hash)
        watch = self._watches[name] = RaterWatch(
            name, agent.tenant, stores.runs, stores.ledger, clock=self._wall, config_hash=hash
        )
        return Learner(
            terms,
            tuple(agent.variants),
            stores,
            clock=self._wall,
            tenant=agent.tenant,
            config_hash=hash,
            combine=watch.combine,
        )

    def _opened(self) -> "Stores":
        if self._stores is None:
            from proxy.rewards.learner import Stores
            from stores.ledger import open_ledger

            ledger = open_ledger(self._records.database, patience=_PATIENCE)
            self._stores = Stores(self._runs, ledger, bandits_in(self._records))
        return self._stores

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            _log.error("%s", complaint)


def bandits_in(records: Records) -> "BanditStore":
    """Where workers and the background process meet."""
    if records.redis is not None:
        from stores.routing.redis import RedisBandits

        return RedisBandits(records.redis)
    from stores.routing.sqlite import SqliteBandits

    return SqliteBandits(Path(records.dir) / "state.db")
