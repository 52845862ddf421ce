"""A subject that is up: started on its core, warmed, its time read only once its records are complete."""

import asyncio
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks import processes
from benchmarks.load import Tally, closed_loop
from benchmarks.subjects import Place, Subject, exported, runs_stored
from benchmarks.traffic import Target, whole_calls

PROXY_CORE = 0
LOAD_CORE = 1
_START = 120.0
_DRAIN = 120.0


class SubjectFailed(Exception):
    """A subject did not start, or lost records."""


@dataclass
class Running:
    """A subject with its process; `calls` is what it has answered since its start."""

    subject: Subject
    place: Place
    target: Target
    process: "subprocess.Popen[bytes] | None"
    calls: int = 0
    cold_start: float = 0.0
    complete: bool = True
    """Whether a load has ended only once its records are complete."""

    def cpu(self) -> float:
        """CPU seconds of the whole tree since the start; 0 where there is no proxy."""
        return processes.cpu_seconds(self.process.pid) if self.process else 0.0

    def memory(self) -> float:
        """MiB of the whole tree."""
        return processes.memory_mib(self.process.pid) if self.process else 0.0

    def next_number(self) -> int:
        """Where the next load starts numbering its questions, so that none is asked twice."""
        return self.calls + 1

    async def booked(self, tally: Tally, what: str) -> Tally:
        """Counts a load that ended, and waits until its last record is stored and exported."""
        tally.checked(f"{self.subject.name}, {what}")
        self.calls += tally.calls
        await self.drained()
        return tally

    async def drained(self) -> None:
        """Returns when as many runs are stored, and traces exported, as calls were answered."""
        if not self.complete:
            return
        await asyncio.sleep(0.2)
        deadline = perf_counter() + _DRAIN
        while missing := self._missing():
            if perf_counter() > deadline:
                raise SubjectFailed(f"{self.subject.name}: after {_DRAIN:.0f} s {missing}; {self.place.said()}")
            await asyncio.sleep(0.1)

    def counts(self) -> dict[str, float]:
        """Calls answered, and what became of them."""
        counts = {"calls": float(self.calls)}
        if self.subject.records:
            counts["stored"] = runs_stored(self.place)
        if self.subject.exports:
            counts.update(exported(self.place))
        return counts

    def _missing(self) -> str:
        if self.subject.records and (stored := runs_stored(self.place)) != self.calls:
            return f"{stored} runs are stored of {self.calls} calls"
        if self.subject.exports and (traces := exported(self.place)["traces"]) != self.calls:
            return f"{traces} traces were exported of {self.calls} calls"
        return ""


@contextmanager
def helper(module: str) -> Iterator[str]:
    """Runs one of our servers on this process's core and gives its address."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@asynccontextmanager
async def up(subject: Subject, upstream: str, sink: str, complete: bool = True) -> AsyncIterator[Running]:
    """Starts a subject, waits for its first answer, and stops it at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Place(free_port(), Path(folder), upstream, sink)
        if subject.command is None:
            yield Running(subject, place, Target(int(upstream.rpartition(":")[2])), None)
            return
        with place.log.open("wb") as output:
            began = perf_counter()
            process = processes.start(subject.command(place), subject.env(place), PROXY_CORE, output)
            try:
                running = Running(subject, place, Target(place.port), process, complete=complete)
                await _first_answer(running)
                running.cold_start = perf_counter() - began
                await running.drained()
                yield running
            finally:
                processes.stop(process)


async def _first_answer(running: Running) -> None:
    deadline = perf_counter() + _START
    assert running.process is not None
    while running.process.poll() is None and perf_counter() < deadline:
        with suppress(OSError):
            tally = await closed_loop(whole_calls(running.target, 0), 1, calls=1)
            if not tally.wrong:
                running.calls += 1
                return
        await asyncio.sleep(0.005)
    code = running.process.poll()
    how = f"gave no right answer within {_START:.0f} s" if code is None else f"ended with exit code {code}"
    raise SubjectFailed(f"{running.subject.name} {how}; {running.place.said()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
