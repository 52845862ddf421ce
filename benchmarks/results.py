"""What a benchmark found: figures by subject, name and round, with the machine they were taken on."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import fmean

from benchmarks.stats import Rounds


@dataclass(frozen=True)
class Figure:
    """One measured value. A figure taken several times in a round counts once, as the mean."""

    round: int
    subject: str
    name: str
    value: float


@dataclass
class Results:
    """Every figure of one run."""

    machine: str
    seconds: float = 0.0
    figures: list[Figure] = field(default_factory=list)

    def add(self, round: int, subject: str, values: Mapping[str, float]) -> None:
        """Books the figures of one measure."""
        self.figures += [Figure(round, subject, name, value) for name, value in values.items()]

    def of(self, subject: str, name: str) -> Rounds:
        """A figure of a subject, by round; empty when it was not measured."""
        taken: dict[int, list[float]] = {}
        for figure in self.figures:
            if figure.subject == subject and figure.name == name:
                taken.setdefault(figure.round, []).append(figure.value)
        return {number: fmean(values) for number, values in taken.items()}

    @property
    def rounds(self) -> int:
        return len({figure.round for figure in self.figures})

    def save(self, file: Path) -> None:
        """Writes everything as JSON."""
        figures = [[figure.round, figure.subject, figure.name, figure.value] for figure in self.figures]
        text = json.dumps({"machine": self.machine, "seconds": self.seconds, "figures": figures}, indent=0)
        file.write_text(text + "\n")

    @classmethod
    def load(cls, file: Path) -> "Results":
        """Reads what `save` wrote."""
        document = json.loads(file.read_text())
        return cls(document["machine"], document["seconds"], [Figure(*row) for row in document["figures"]])


def this_machine() -> str:
    """Processor, cores, kernel and the versions that matter, in a line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    parts = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "starlette", "uvicorn", "uvloop"))
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}, {parts}"
