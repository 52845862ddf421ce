"""`burnish db`: looks after the database."""

import json
from pathlib import Path
from typing import Annotated

import typer

from burnish.commands.progress import progress_bar
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, found, told
from burnish.commands.wording import size
from stores.sql.opening import upgrade_at

app = typer.Typer(help="Look after the database.", no_args_is_help=True, add_completion=False)


@app.command()
def upgrade(as_json: AsJson = False, config: ConfigFile = DEFAULT_FILE, database: Database = None) -> None:
    """Bring the database to this version's schema; `burnish serve` does so by itself."""
    with told():
        place = found(config, database)
        done = upgrade_at(place.url)
        if as_json:
            print(json.dumps({"database": done.database, "before": done.before, "after": done.after}))
        elif done.before == done.after:
            print(f"{done.database} is up to date (schema {done.after})")
        else:
            print(f"{done.database} upgraded from {done.before or 'nothing'} to schema {done.after}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Copy the SQLite database, one consistent moment of it, while calls go on."""
    with told():
        with found(config, database).store() as store, progress_bar(file.name) as progress:
            store.backup(file, progress)
        written = file.stat().st_size
        print(json.dumps({"file": str(file), "bytes": written}) if as_json else f"{file}: {size(written)}")
