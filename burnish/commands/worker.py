"""`burnish worker`: the background process alone, where `serve --no-worker` serves."""

import logging
import os
import sys
from pathlib import Path

import typer

from burnish.commands.config import DEFAULT_FILE, ConfigFile
from middleware.registry import Registry
from proxy.config.load import validate
from proxy.config.problems import ConfigError
from proxy.config.source import read
from proxy.config.steps import by_settings


def worker(config: ConfigFile = DEFAULT_FILE) -> None:
    """Fill the store from the journal and export traces, without serving calls, until SIGTERM or Ctrl-C."""
    from proxy.background import run_background

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    registry = Registry()
    try:
        found = validate(read(Path(config), os.environ), by_settings(lambda step: registry.find(step).settings))
    except ConfigError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        raise typer.Exit(1) from None
    run_background(found)
