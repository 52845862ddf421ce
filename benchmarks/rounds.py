"""The order of a benchmark: each measure of every subject in turn, so that they share the same weather."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter

from benchmarks.measures import (
    Figures,
    at_rest,
    burst_ways,
    crowd,
    idle_connections,
    latency,
    paced,
    paced_ways,
    warm,
    whole,
    whole_ways,
)
from benchmarks.results import Results
from benchmarks.running import Running, up
from benchmarks.stats import Turn
from benchmarks.subjects import DIRECT, EMPTY, GUARDED, NOOP, PEER, SUBJECTS, THOMPSON, UNRECORDED, Subject

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measure:
    """One way to load subjects: for how long, how many laps over all of them a round has of it, and who is left out."""

    name: str
    take: Callable[[Running, float], Awaitable[Figures]]
    seconds: float
    laps: int = 1
    without: Sequence[Subject] = ()

    def concerns(self, subject: Subject) -> bool:
        """Whether the measure says something about a subject that the others of its kind do not."""
        return subject not in self.without


POOL = Measure("connections", idle_connections, 1.0, without=(DIRECT, EMPTY, UNRECORDED, NOOP, THOMPSON, GUARDED, PEER))
"""Taken on a start of its own: it leaves hundreds of connections behind."""

REST = Measure("rest", at_rest, 1.0, without=(DIRECT,))
"""Taken after the first answer, before any load."""

_ONE_API = tuple(subject for subject in SUBJECTS.values() if not subject.every_api)

LOADED = (
    Measure("whole", whole(8), 0.8, laps=3),
    Measure("whole", whole(32), 0.8, laps=3),
    Measure("latency", latency, 4.0, without=(UNRECORDED, NOOP, THOMPSON)),
    Measure("paced", paced, 3.0, without=(UNRECORDED, NOOP, THOMPSON)),
    Measure("crowd", crowd, 3.0, without=(UNRECORDED, NOOP, THOMPSON, GUARDED)),
    Measure("apis", whole_ways, 0.8, laps=3, without=_ONE_API),
    Measure("apis", burst_ways, 0.8, laps=3, without=_ONE_API),
    Measure("apis", paced_ways, 2.0, without=_ONE_API),
)
"""Taken with every subject up and one of them loaded."""

NAMES = tuple(dict.fromkeys(measure.name for measure in (POOL, REST, *LOADED)))


@dataclass(frozen=True)
class Bench:
    """One run of the benchmark; `pace` shortens every measure."""

    subjects: Sequence[Subject]
    upstream: str
    sink: str
    rounds: int
    pace: float
    only: Sequence[str]
    say: Say
    complete: bool = True
    """Whether a load's cost includes what the record of it costs later."""

    async def run(self, results: Results) -> None:
        """All rounds, booked as they go."""
        began = perf_counter()
        for number in range(self.rounds):
            order = [*self.subjects[number % len(self.subjects) :], *self.subjects[: number % len(self.subjects)]]
            for subject in order:
                if self._wanted(POOL) and POOL.concerns(subject):
                    async with up(subject, self.upstream, self.sink, self.complete) as running:
                        await self._take(Turn(number, 0), POOL, running, results)
            async with AsyncExitStack() as stack:
                everyone = [await self._start(number, subject, stack, results) for subject in order]
                await self._load(number, everyone, results)
            results.seconds = perf_counter() - began

    async def _start(self, number: int, subject: Subject, stack: AsyncExitStack, results: Results) -> Running:
        self._tell(number, "start", subject)
        running = await stack.enter_async_context(up(subject, self.upstream, self.sink, self.complete))
        if self._wanted(REST) and REST.concerns(subject):
            results.add(Turn(number, 0), subject.name, {"cold_s": running.cold_start})
            await self._take(Turn(number, 0), REST, running, results)
        await warm(running, self.pace)
        return running

    async def _load(self, number: int, everyone: Sequence[Running], results: Results) -> None:
        for measure in filter(self._wanted, LOADED):
            concerned = [running for running in everyone if measure.concerns(running.subject)]
            for lap in range(measure.laps):
                # There and back, so that no subject always follows the same one.
                for running in concerned if lap % 2 == 0 else reversed(concerned):
                    await self._take(Turn(number, lap), measure, running, results)
        for running in everyone:
            if running.process:
                left = {"load_mib": running.memory(), **running.counts()}
                results.add(Turn(number, 0), running.subject.name, left)

    async def _take(self, turn: Turn, measure: Measure, running: Running, results: Results) -> None:
        self._tell(turn.round, measure.name, running.subject)
        results.add(turn, running.subject.name, await measure.take(running, measure.seconds * self.pace))

    def _wanted(self, measure: Measure) -> bool:
        return not self.only or measure.name in self.only

    def _tell(self, number: int, what: str, subject: Subject) -> None:
        self.say(f"round {number + 1} of {self.rounds}: {what}, {subject.title}")
