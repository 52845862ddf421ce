"""`burnish import`: brings in what other programs kept."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from burnish.commands.progress import progress_bar
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, found, told
from records.run import Run
from records.score import Score
from stores.ledger import Ledger, ScoreFilter, open_ledger
from stores.otlp_file import BadLine, OtlpFile
from stores.runs import RunStore, open_store

app = typer.Typer(help="Bring in what other programs kept.", no_args_is_help=True, add_completion=False)

_BATCH = 200
_NAMED = 20
"""Bad lines that are named one by one."""


@app.callback()
def imports() -> None:
    """Bring in what other programs kept."""


@app.command()
def traces(
    file: Annotated[Path, typer.Argument(help="OTLP JSON, one document or one a line; may be gzip.")],
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Read Burnish's traces back into the store, with their scores, from a Collector's file or Jaeger's API."""
    with told():
        place = found(config, database)
        bad: list[BadLine] = []
        try:
            with progress_bar(file.name) as progress:
                source = OtlpFile(file, progress)
                with closing(open_store(place.url)) as store, closing(open_ledger(place.url)) as ledger:
                    imported = _Imported(store, ledger)
                    for item in source.read():
                        if isinstance(item, BadLine):
                            bad.append(item)
                        else:
                            imported.add(item)
                    imported.flush()
        except (OSError, EOFError) as error:
            raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if as_json:
            counts = {"imported": imported.runs, "already_there": imported.known, "scores": imported.scores}
            print(json.dumps({**counts, "not_ours": source.foreign, "bad_lines": [line._asdict() for line in bad]}))
        else:
            _tell(imported, source.foreign, bad)
        if bad:
            raise typer.Exit(1)


class _Imported:
    """Puts runs and scores, many at a time, and counts those that are new."""

    def __init__(self, store: RunStore, ledger: Ledger) -> None:
        self.runs = 0
        self.known = 0
        """Runs that are there already."""
        self.scores = 0
        self._store = store
        self._ledger = ledger
        self._runs: list[Run] = []
        self._scores: list[Score] = []

    def add(self, item: Run | Score) -> None:
        if isinstance(item, Run):
            self._runs.append(item)
        else:
            self._scores.append(item)
        if len(self._runs) + len(self._scores) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        new = self._store.put(self._runs, {})
        self.runs, self.known = self.runs + new, self.known + len(self._runs) - new
        self.scores += sum(kept.new or kept.changed for kept in self._ledger.put_scores(self._newer()))
        self._runs.clear()
        self._scores.clear()

    def _newer(self) -> list[Score]:
        """Those that nobody knows or that are a second thought: what the ledger has may be whole, these may be cut."""
        which = ScoreFilter(subjects=[score.subject for score in self._scores])
        latest = {score.id: score for score in self._ledger.scores(which)} if self._scores else {}
        newer: dict[str, Score] = {}
        for score in self._scores:
            if score.id not in latest or score.created_ns > latest[score.id].created_ns:
                latest[score.id] = newer[score.id] = score
        return list(newer.values())


def _tell(imported: _Imported, foreign: int, bad: list[BadLine]) -> None:
    for line in bad[:_NAMED]:
        typer.echo(f"line {line.number}: {line.reason}", err=True)
    if len(bad) > _NAMED:
        typer.echo(f"… and {len(bad) - _NAMED} more; --json names them all", err=True)
    told = _number(imported.runs, "run")
    if imported.scores:
        told += f" and {_number(imported.scores, 'score')}"
    told += f" imported, {imported.known} already there, {foreign} traces not of Burnish"
    typer.echo(f"{told}, {len(bad)} bad" if bad else told)


def _number(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
