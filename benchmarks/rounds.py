"""The order of a benchmark: each measure of every subject in turn, so that they share the same weather."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter

from benchmarks.measures import Figures, at_rest, crowd, idle_connections, latency, paced, warm, whole
from benchmarks.results import Results
from benchmarks.running import Running, up
from benchmarks.stats import Turn
from benchmarks.subjects import Subject

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measure:
    """One way to load a subject: for how long, and how many laps over all subjects a round has of it."""

    name: str
    take: Callable[[Running, float], Awaitable[Figures]]
    seconds: float
    laps: int = 1


ALONE = (Measure("rest", at_rest, 1.0), Measure("connections", idle_connections, 1.0))
"""Taken on a fresh start, with no other subject up."""

TOGETHER = (
    Measure("whole", whole(8), 0.7, laps=4),
    Measure("whole", whole(32), 0.7, laps=4),
    Measure("latency", latency, 4.0),
    Measure("paced", paced, 3.0),
    Measure("crowd", crowd, 3.0),
)
"""Taken with every subject up and one of them loaded."""

NAMES = tuple(dict.fromkeys(measure.name for measure in (*ALONE, *TOGETHER)))


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
            await self._alone(number, order, results)
            await self._together(number, order, results)
            results.seconds = perf_counter() - began

    async def _alone(self, number: int, order: Sequence[Subject], results: Results) -> None:
        for subject in order:
            measures = self._chosen(ALONE)
            if not measures or subject.command is None:
                continue
            self._tell(number, "start", subject)
            async with up(subject, self.upstream, self.sink, self.complete) as running:
                results.add(Turn(number, 0), subject.name, {"cold_s": running.cold_start})
                for measure in measures:
                    await self._take(Turn(number, 0), measure, running, results)

    async def _together(self, number: int, order: Sequence[Subject], results: Results) -> None:
        measures = self._chosen(TOGETHER)
        if not measures:
            return
        async with AsyncExitStack() as stack:
            everyone = []
            for subject in order:
                self._tell(number, "warm-up", subject)
                running = await stack.enter_async_context(up(subject, self.upstream, self.sink, self.complete))
                await warm(running, self.pace)
                everyone.append(running)
            for measure in measures:
                for lap in range(measure.laps):
                    # There and back, so that no subject always follows the same one.
                    for running in everyone if lap % 2 == 0 else reversed(everyone):
                        await self._take(Turn(number, lap), measure, running, results)
            for running in everyone:
                if running.process:
                    results.add(
                        Turn(number, 0), running.subject.name, {"load_mib": running.memory(), **running.counts()}
                    )

    async def _take(self, turn: Turn, measure: Measure, running: Running, results: Results) -> None:
        self._tell(turn.round, measure.name, running.subject)
        results.add(turn, running.subject.name, await measure.take(running, measure.seconds * self.pace))

    def _chosen(self, measures: Sequence[Measure]) -> Sequence[Measure]:
        return [measure for measure in measures if not self.only or measure.name in self.only]

    def _tell(self, number: int, what: str, subject: Subject) -> None:
        self.say(f"round {number + 1} of {self.rounds}: {what}, {subject.title}")
