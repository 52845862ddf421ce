"""`burnish key`: makes the keys by which agents call."""

import json
from typing import Annotated

import typer

from proxy.config.keys import hash_key, new_key

app = typer.Typer(help="Make keys for agents.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make keys for agents."""


@app.command()
def new(
    agent: Annotated[str, typer.Argument(help="The agent that the key names.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a new key, once, and the line to add to the agent's `keys`. Burnish keeps only the hash."""
    key = new_key()
    if as_json:
        typer.echo(json.dumps({"agent": agent, "key": key, "hash": hash_key(key)}, indent=2))
        return
    typer.echo(f"key of {agent}, shown this once:\n\n  {key}\n")
    typer.echo(f'add its hash to the configuration:\n\n  agents:\n    {agent}:\n      keys: ["{hash_key(key)}"]')
