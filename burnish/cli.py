"""The command line: `burnish COMMAND`."""

import sys
from typing import Any

import typer

from burnish.commands import config, key, serve
from middleware.registry import Registry

app = typer.Typer(
    name="burnish",
    help="An OpenAI-compatible proxy that makes an agent better with use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.add_typer(config.app, name="config")
app.add_typer(key.app, name="key")


@app.callback()
def _given(context: typer.Context) -> None:
    context.obj = Registry()


def main(arguments: list[str] | None = None) -> Any:
    """The entry point. An error of the person's is one clear line; anything else is a defect and shows where."""
    sys.exit(app(arguments))
