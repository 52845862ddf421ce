"""The command line with steps of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from burnish.commands import config, key
from middleware.exchange import Exchange
from middleware.protocol import Handler, Settings
from middleware.registry import Registry
from middleware.reply import Reply
from middleware.services import Services

Run = Callable[..., Result]


class WholeSettings(Settings):
    rounds: int = 1


class Whole:
    """A step that needs the whole answer."""

    buffers = True

    Settings = WholeSettings

    def __init__(self, settings: WholeSettings, services: Services) -> None: ...

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        return await call_next(exchange)


class Flowing(Whole):
    """A step that lets answers flow."""

    buffers = False


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `burnish config …` or `burnish key …` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BURNISH_CONFIG", raising=False)
    app = typer.Typer()
    app.add_typer(config.app, name="config")
    app.add_typer(key.app, name="key")
    registry = Registry({"whole": Whole, "flowing": Flowing})
    return lambda *arguments: CliRunner().invoke(app, list(arguments), obj=registry)
