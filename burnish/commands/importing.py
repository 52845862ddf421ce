"""`burnish import`: brings in what other programs kept."""

import json
from pathlib import Path
from typing import Annotated

import typer

from burnish.commands.progress import progress_bar
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, found, told
from records.run import Run
from stores.otlp_file import BadLine, OtlpFile
from stores.runs import open_store

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
    """Read Burnish's traces back into the store, from a Collector's file or Jaeger's API."""
    with told():
        place = found(config, database)
        bad: list[BadLine] = []
        imported = known = 0
        batch: list[Run] = []
        try:
            with progress_bar(file.name) as progress:
                source = OtlpFile(file, progress)
                store = open_store(place.url)
                try:
                    for item in source.read():
                        if isinstance(item, BadLine):
                            bad.append(item)
                            continue
                        batch.append(item)
                        if len(batch) == _BATCH:
                            new = store.put(batch, {})
                            imported, known = imported + new, known + len(batch) - new
                            batch.clear()
                    new = store.put(batch, {})
                    imported, known = imported + new, known + len(batch) - new
                finally:
                    store.close()
        except (OSError, EOFError) as error:
            raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if as_json:
            counts = {"imported": imported, "already_there": known, "not_ours": source.foreign}
            print(json.dumps({**counts, "bad_lines": [line._asdict() for line in bad]}))
        else:
            _tell(imported, known, source.foreign, bad)
        if bad:
            raise typer.Exit(1)


def _tell(imported: int, known: int, foreign: int, bad: list[BadLine]) -> None:
    for line in bad[:_NAMED]:
        typer.echo(f"line {line.number}: {line.reason}", err=True)
    if len(bad) > _NAMED:
        typer.echo(f"… and {len(bad) - _NAMED} more; --json names them all", err=True)
    runs = "run" if imported == 1 else "runs"
    told = f"{imported} {runs} imported, {known} already there, {foreign} traces not of Burnish"
    typer.echo(f"{told}, {len(bad)} bad" if bad else told)
