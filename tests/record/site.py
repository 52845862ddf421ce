"""A place where Burnish is served again and again over the same records, and looked at with its own commands."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from records import Run
from stores.runs import open_store
from tests.support.proxy import ServedProxy, served, settings
from tests.support.upstream import Upstream

_BURNISH: Final = Path(sys.executable).with_name("burnish")
_PATIENCE: Final = 60.0


@dataclass
class Site:
    """`written` is the configuration that every start of the proxy is given; only its port changes."""

    folder: Path
    written: Mapping[str, Any]

    def __post_init__(self) -> None:
        self._starts = count(1)
        self._started = self.folder

    @contextmanager
    def served(self, *arguments: str) -> Iterator[ServedProxy]:
        """`burnish serve` with its background process."""
        self._started = self.folder / f"start-{next(self._starts)}"
        self._started.mkdir()
        with served(self.written, self._started, arguments=arguments) as proxy:
            yield proxy

    @property
    def records(self) -> Path:
        return Path(self.written["records"]["dir"])

    @property
    def journal(self) -> Path:
        return self.records / "journal"

    @property
    def database(self) -> Path:
        return self.records / "burnish.db"

    @property
    def log(self) -> str:
        """What the last `burnish serve` has said so far."""
        return (self._started / "serve.log").read_text()

    def held(self) -> list[str]:
        """The ids of the runs in the store, in no order; none while there is no store. To be asked often."""
        with suppress(sqlite3.OperationalError):
            connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
            try:
                return [run for (run,) in connection.execute("SELECT id FROM runs")]
            finally:
                connection.close()
        return []

    def runs(self) -> list[str]:
        """The ids that `burnish runs --json` lists."""
        return [json.loads(line)["id"] for line in self.burnish("runs", "--json").stdout.splitlines()]

    def stored(self, run: str, database: Path | None = None) -> Run:
        """The run as the store has it, or another database."""
        store = open_store(f"sqlite:///{database or self.database}")
        try:
            found = store.get(run)
        finally:
            store.close()
        assert found is not None
        return found

    def shown(self, run: str, *options: str) -> Any:
        """What `burnish show --json` says of a run."""
        return json.loads(self.burnish("show", run, "--json", *options).stdout)

    def command(self, command: str, *arguments: str) -> list[str]:
        """What a person types, under the configuration of the last start."""
        return [str(_BURNISH), command, *arguments, "--config", str(self._started / "burnish.yaml")]

    def burnish(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command that must succeed."""
        done = subprocess.run(
            self.command(command, *arguments),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done


def site(
    upstream: Upstream, folder: Path, *, records: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]
) -> Site:
    """Records are kept in `folder`, unless their section says otherwise; the others as in `settings`."""
    written = settings(upstream, folder / "records", **sections)
    return Site(folder, {**written, "records": {**written["records"], **(records or {})}})
