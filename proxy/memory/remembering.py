"""Keeping memories for all agents that have one, in the background: whatever fails is said once and tried again.

An agent that has none any more is forgotten by the index: what its runs said could not be deleted there otherwise.
Whoever keeps the record waits meanwhile, so what fails slowly, for one agent, is left alone by all of them for a while.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config, Records
from proxy.memory.members import remembering_agents, serving_variants, undecided_agents
from proxy.memory.status import MemoryFigures, MemoryStatus, write_memory
from proxy.recall.library import lasting
from stores.runs import RunStore, StoreError

if TYPE_CHECKING:
    # Only for their names: they bring numpy, which agents without a memory do not pay for.
    from proxy.memory.keeper import Keeper, Stores
    from stores.answers import AnswerIndex
    from stores.embedding import Embedder

_EVERY: Final = 1.0
_LONGEST_DELAY: Final = 10.0
_SAY_EVERY: Final = 2.0
_LOOK_EVERY: Final = 2.0
"""Seconds between looks at what the variants of the ledger are shown."""
_GRACE: Final = 15.0
"""Seconds that something may be away without a word: what keeps the index takes some to start."""
_PATIENCE: Final = 1.0
_SLOW: Final = 0.5
"""Seconds after which a failure is one that others would wait for as well."""
_PAUSES: Final = 4.0
"""How many times as long as a slow failure took is waited until the next."""
_log = logging.getLogger("burnish.memory")


class Library(Protocol):
    """Where answers are found, and what embeds them. Both raise what they stand for while they cannot be had."""

    def index(self) -> "AnswerIndex": ...

    def embedder(self) -> "Embedder": ...

    def close(self) -> None: ...


class _Trouble(NamedTuple):
    """Why an agent remembers nothing, since when, and when that is tried again. In seconds of the clock."""

    text: str
    since: float
    delay: float
    until: float


class Remembering:
    """`clock` is monotonic, in seconds; `wall` in nanoseconds since the epoch. `library` opens the one of a
    configuration; `stopping` tells whether the process is to end. Costs nothing where no agent has a memory."""

    def __init__(
        self,
        config: Config,
        runs: RunStore,
        library: Callable[[Config], Library],
        *,
        clock: Callable[[], float],
        wall: Callable[[], int],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._records: Records = config.records
        self._follow(config)
        self._runs = runs
        self._open_library = library
        self._clock = clock
        self._wall = wall
        self._stopping = stopping
        self._library: Library | None = None
        self._stores: Stores | None = None
        self._keepers: dict[str, Keeper] = {}
        self._troubles: dict[str, _Trouble] = {}
        self._rest_until = self._next_at = self._say_at = 0.0
        self._failing: str | None = None
        self._said: MemoryStatus | None = None

    @property
    def shares_answers(self) -> bool:
        """Whether the embedded index has to be kept: some agent has answers in it, or is to be rid of them."""
        return self._records.chroma == "embedded" and bool(self._members or self._leaving)

    def use(self, config: Config) -> None:
        """Remember by another configuration from now on; where the records are stays as it was."""
        self._follow(config)
        self._keepers = {}
        self._troubles = {}
        self._rest_until = 0.0
        if self._library is not None:
            self._library.close()
            self._library = None

    def step(self) -> bool:
        """Once a second, takes in what is new. True where there is more to do right away."""
        now = self._clock()
        if now < self._next_at:
            return False
        self._look(now)
        more = False
        for name, agent, step in self._in_turn():
            more = self._attempt(name, now, lambda: self._keeper(name, agent, step).step()) or more  # noqa: B023
        for name in self._left(now):
            self._attempt(name, now, lambda: self._clear(name))  # noqa: B023
        self._note(now)
        self._next_at = now if more else now + _EVERY
        if now >= self._say_at:
            self._say_at = now + _SAY_EVERY
            self._say()
        return more

    def close(self) -> None:
        if self._stores is not None:
            self._stores.ledger.close()
            self._stores.insights.close()
            self._stores = None
        if self._library is not None:
            self._library.close()
            self._library = None

    def _follow(self, config: Config) -> None:
        self._config = config
        self._members = list(remembering_agents(config))
        self._undecided = bool(undecided_agents(config))
        self._look_at = 0.0
        self._leaving: list[str] | None = None

    def _look(self, now: float) -> None:
        """Takes in what the variants that serve now are shown."""
        if not undecided_agents(self._config) or now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY
        try:
            serving = serving_variants(self._config, self._opened().ledger)
        except StoreError:
            # The same that keeps runs waiting, and is said there.
            return
        self._undecided = False
        members = list(remembering_agents(self._config, serving))
        if members != self._members:
            self._members, self._leaving = members, None
            names = {name for name, _, _ in members}
            self._keepers = {name: keeper for name, keeper in self._keepers.items() if name in names}
            self._troubles = {name: trouble for name, trouble in self._troubles.items() if name in names}

    def _in_turn(self) -> list[tuple[str, AgentConfig, StepConfig]]:
        """Those in trouble last, longest ago first: one that always fails slowly keeps no other from its turn."""
        troubles = self._troubles
        return sorted(self._members, key=lambda each: troubles[each[0]].until if each[0] in troubles else 0.0)

    def _attempt(self, name: str, now: float, work: Callable[[], bool]) -> bool:
        trouble = self._troubles.get(name)
        began = self._clock()
        if began < self._rest_until or (trouble is not None and now < trouble.until) or self._stopping():
            return False
        try:
            more = work()
        except Exception as error:
            # The same process keeps the record, and other agents remember: it may not end over what one was told.
            failed = self._clock()
            took = failed - began
            since = trouble.since if trouble else began
            soon = trouble is None or failed - since < _GRACE
            delay = _EVERY if soon or trouble is None else min(_LONGEST_DELAY, trouble.delay * 2)
            text = f"agent {name!r}: {_told(error)}"
            if took >= _SLOW:
                delay = max(delay, min(_LONGEST_DELAY, took * _PAUSES))
                self._rest_until = failed + delay
                text = _told(error)
            self._troubles[name] = _Trouble(text, since, delay, failed + delay)
            return False
        self._troubles.pop(name, None)
        return more

    def _keeper(self, name: str, agent: AgentConfig, step: StepConfig) -> "Keeper":
        if name not in self._keepers:
            # Imported here: numpy, Chroma and what embeds cost what only memories should.
            from proxy.memory.keeper import Keeper
            from proxy.memory.members import terms_of

            terms = terms_of(name, agent, step, self._config.hash)
            library = self._opened_library()
            self._keepers[name] = Keeper(terms, self._opened(), library.index(), library.embedder(), clock=self._wall)
        return self._keepers[name]

    def _left(self, now: float) -> list[str]:
        """Agents that had a memory and have none now, whose answers are still to be found."""
        if self._leaving is None:
            if self._undecided:
                # Whoever may have a memory keeps it until that is known.
                return []
            try:
                self._leaving = self._look_for_those_who_left()
            except StoreError:
                # The same that keeps runs waiting, and is said there.
                return []
        return self._leaving

    def _look_for_those_who_left(self) -> list[str]:
        from proxy.memory.notes import has_shelf
        from stores.insights import open_insights

        members = {name for name, _, _ in self._members}
        insights = open_insights(self._records.database, patience=_PATIENCE)
        try:
            return [name for name in insights.agents() if name not in members and has_shelf(name, insights)]
        finally:
            insights.close()

    def _clear(self, name: str) -> bool:
        from proxy.memory.shelf import clear_shelf

        if self._leaving is not None:
            stores = self._opened()
            clear_shelf(name, stores.insights, lambda: self._opened_library().index())
            self._leaving.remove(name)
        return False

    def _opened(self) -> "Stores":
        if self._stores is None:
            from proxy.memory.keeper import Stores
            from stores.insights import open_insights
            from stores.ledger import open_ledger

            url = self._records.database
            self._stores = Stores(
                self._runs, open_ledger(url, patience=_PATIENCE), open_insights(url, patience=_PATIENCE)
            )
        return self._stores

    def _opened_library(self) -> Library:
        if self._library is None:
            self._library = self._open_library(lasting(self._config, self._records))
        return self._library

    def _note(self, now: float) -> None:
        """Says once what is wrong, and once that it no longer is."""
        lasting = (trouble.text for trouble in self._troubles.values() if now - trouble.since >= _GRACE)
        failing = "; ".join(dict.fromkeys(lasting)) or None
        if failing == self._failing:
            return
        if failing is None:
            _log.warning("memories are kept again")
        else:
            _log.error("nothing is remembered for now, and nothing is lost: %s", failing)
        self._failing = failing

    def _say(self) -> None:
        agents = {name: figures for name in self._keepers if (figures := self._figures(name)) is not None}
        status = MemoryStatus(agents, self._failing)
        if status == self._said or (self._said is None and not agents and not self._failing):
            return
        self._said = status
        try:
            write_memory(self._records.dir, status)
        except OSError as error:
            _log.error("%s: %s", self._records.dir, error.strerror)

    def _figures(self, name: str) -> MemoryFigures | None:
        try:
            return MemoryFigures(self._opened().insights.counts(name), self._keepers[name].calls)
        except StoreError:
            return None


def _told(error: Exception) -> str:
    text = " ".join(str(error).split())
    known = isinstance(error, StoreError | ValueError) or type(error).__name__ == "EmbeddingError"
    return text if known else f"{type(error).__name__}: {text}"
