"""What a benchmark found: figures by subject, name and turn, with the machine they were taken on."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from benchmarks.stats import Series, Turn


@dataclass(frozen=True)
class Figure:
    """One measured value."""

    turn: Turn
    subject: str
    name: str
    value: float


@dataclass
class Results:
    """Every figure of one run."""

    machine: str
    seconds: float = 0.0
    figures: list[Figure] = field(default_factory=list)

    def add(self, turn: Turn, subject: str, values: Mapping[str, float]) -> None:
        """Books the figures of one measure."""
        self.figures += [Figure(turn, subject, name, value) for name, value in values.items()]

    def of(self, subject: str, name: str) -> Series:
        """A figure of a subject, by turn; empty when it was not measured."""
        return {
            figure.turn: figure.value for figure in self.figures if (figure.subject, figure.name) == (subject, name)
        }

    @property
    def rounds(self) -> int:
        return len({figure.turn.round for figure in self.figures})

    def save(self, file: Path) -> None:
        """Writes everything as JSON."""
        figures = [[figure.turn, figure.subject, figure.name, figure.value] for figure in self.figures]
        text = json.dumps({"machine": self.machine, "seconds": self.seconds, "figures": figures}, indent=0)
        file.write_text(text + "\n")

    @classmethod
    def load(cls, file: Path) -> "Results":
        """Reads what `save` wrote."""
        document = json.loads(file.read_text())
        return cls(
            document["machine"],
            document["seconds"],
            [Figure(Turn(*turn), *rest) for turn, *rest in document["figures"]],
        )


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
