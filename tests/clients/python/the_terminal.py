"""What a coding agent for the terminal is asked here, in a folder and a home of its own, and what it leaves there."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from the_agent import WRONG_KEY

WEATHER = "18 degrees in Paris"
WRITTEN = Path("weather.txt")
TOOL_QUESTION = f"What is the weather in Paris? Run `echo {WEATHER} | tee {WRITTEN}`"
"""The model answers by a call of the agent's own tool for commands."""


@dataclass(frozen=True)
class Printed:
    """What a finished command said."""

    status: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        return self.out + self.err


def run(*command: str, key: str | None = None, **environment: str) -> Printed:
    """Runs it with nobody at the keyboard. The example has put base URL and key where it looks for them."""
    settings = {"BURNISH_API_KEY": key} if key else {}
    done = subprocess.run(
        command,
        env={**os.environ, **settings, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Printed(done.returncode, done.stdout, done.stderr)


def example_exports() -> list[str]:
    """The beginning of a command that runs in the environment which the example's script exports."""
    script = f"{os.environ['CLIENT_EXAMPLE']}.sh"
    return ["sh", "-c", 'eval "$(grep ^export "$0")"; exec "$@"', script]


def used_tool(text: str) -> dict[str, Any]:
    """Whether the tool did its work, and the model was told about it."""
    written = WRITTEN.read_text().strip() if WRITTEN.exists() else None
    WRITTEN.unlink(missing_ok=True)
    return {"wrote": written, "told": WEATHER in text}


def failed(printed: Printed, message: str) -> dict[str, Any]:
    return {"error": f"status {printed.status}", "message": message}


__all__ = [
    "TOOL_QUESTION",
    "WEATHER",
    "WRITTEN",
    "WRONG_KEY",
    "Printed",
    "example_exports",
    "failed",
    "run",
    "used_tool",
]
