"""A folder with a configuration and recorded runs, and the commands that look at them."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from burnish.cli import app
from records.otlp import line_of
from records.run import Run
from stores.runs import RunStore, open_store
from stores.segments import journal_in


class Recorded:
    """Commands run as `burnish --config FILE` would, with the terminal as wide as `width`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.database = self.data / "burnish.db"
        self.config = folder / "burnish.yaml"
        self.width = 100
        self.config.write_text(f"version: 1\nrecords: {{dir: {self.data}}}\n")

    def store(self) -> RunStore:
        return open_store(f"sqlite:///{self.database}")

    def put(self, *recorded: Run) -> None:
        store = self.store()
        store.put(recorded, {})
        store.close()

    def journal(self, name: str, *recorded: Run) -> Path:
        """A segment that holds the runs, whose writer is gone."""
        folder = journal_in(self.data)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / name
        file.write_bytes(b"".join(line_of(run, {}) for run in recorded))
        return file

    def run(self, *arguments: str) -> Result:
        environment = {"BURNISH_CONFIG": str(self.config), "COLUMNS": str(self.width), "TZ": "UTC"}
        return CliRunner().invoke(app, list(arguments), env=environment)

    def json(self, *arguments: str) -> Any:
        """What the command prints with --json, which is to succeed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def lines(self, *arguments: str) -> list[Any]:
        """The documents that the command prints with --json, one a line."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


def refusal(result: Result) -> str:
    """The one line that a failing command prints on standard error, nothing on standard output."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line
