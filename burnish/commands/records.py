"""Where a command finds the records: the `records` section of the configuration, or a database named outright."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from burnish.commands.config import DEFAULT_FILE, ConfigFile
from proxy.config.model import Config
from proxy.config.plain_words import problems_of
from proxy.config.problems import ConfigError, Problem
from proxy.config.source import read
from stores.ledger import Ledger, open_ledger
from stores.runs import RunStore, StoreError, open_store
from stores.secret import SecretError
from stores.segments import journal_in
from stores.sql.opening import sqlite_path

__all__ = ["DEFAULT_FILE", "AsJson", "ConfigFile", "Database", "Failure", "Place", "found", "told"]

Database = Annotated[str | None, typer.Option("--db", metavar="URL", help="The store, instead of the configuration's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Failure(Exception):
    """What the person asked for cannot be done; the message is the one line to print."""


@dataclass(frozen=True)
class Place:
    """The store's URL, and the folder with the journal and the secret; None when only a server was named.

    `redis` is where workers share what they route by, if that is not in the folder.
    """

    url: str
    directory: Path | None
    redis: str | None = None

    @property
    def journal(self) -> Path | None:
        return None if self.directory is None else journal_in(self.directory)

    @contextmanager
    def store(self) -> Iterator[RunStore]:
        """The open store. A file that is not there is not made: most likely the name is wrong."""
        path = sqlite_path(self.url)
        if path is not None and not path.exists():
            raise Failure(f"{path} does not exist; no call has been recorded there yet")
        store = open_store(self.url)
        try:
            yield store
        finally:
            store.close()

    @property
    def is_there(self) -> bool:
        """Whether there is a database; of a server that is taken as given."""
        path = sqlite_path(self.url)
        return path is None or path.exists()

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The open ledger; a file that is not there is made."""
        ledger = open_ledger(self.url)
        try:
            yield ledger
        finally:
            ledger.close()


def found(config: Path, database: str | None, env: Mapping[str, str] = os.environ) -> Place:
    """The place that the options name. Raises `ConfigError` for a section that cannot be read."""
    if database is not None:
        path = sqlite_path(database)
        return Place(database, None if path is None else path.parent)
    source = read(config, env)
    # The rest of the file may need what this shell does not have, such as the providers' keys.
    mine = [problem for problem in source.problems if problem.where[:1] in ((), ("records",))]
    if mine:
        raise ConfigError(source.file, mine)
    data: dict[str, Any] = {"version": 1}
    if isinstance(source.data, dict) and source.data.get("records") is not None:
        data["records"] = source.data["records"]
    try:
        records = Config.model_validate(data, context={"written": True}).records
    except ValidationError as error:
        raise ConfigError(
            source.file,
            [
                Problem(problem.where, problem.message, source.mark(problem.where).line)
                for problem in problems_of(error, Config, data, lambda where: source.mark(where).reference is not None)
            ],
        ) from None
    return Place(records.database, records.dir, records.redis)


@contextmanager
def told() -> Iterator[None]:
    """Turns what may go wrong into lines on standard error and a failing exit."""
    try:
        yield
    except ConfigError as error:
        lines = error.lines
    except (Failure, StoreError, SecretError) as error:
        lines = [f"burnish: {error}"]
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    else:
        return
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)
