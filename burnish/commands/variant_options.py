"""What the commands about variants have in common: their options, and how a variant is found."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from burnish.commands.agents import Configured, configured
from burnish.commands.records import Failure, Place
from middleware.registry import Registry
from proxy.config.problems import suggestion
from proxy.seeding import from_config
from records.variant import Variant, meant

Agent = Annotated[str, typer.Argument(metavar="AGENT", help="The agent, as the configuration names it.")]
Name = Annotated[str, typer.Argument(metavar="VARIANT", help="Its name, its id, or the beginning of its id.")]
Why = Annotated[str | None, typer.Option("--why", help="The reason, for the record.")]
By = Annotated[str, typer.Option("--by", help="Who decides, for the record.", show_default=True)]
EachAsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")]
OWNER = "owner"


def the_variant(variants: Sequence[Variant], agent: str, name: str) -> Variant:
    """The one that is meant. Raises `Failure` where there is none, or more than one."""
    found = meant(variants, name)
    if not found:
        hint = suggestion(name, [variant.name for variant in variants]) or f"; `burnish variants {agent}` lists them"
        raise Failure(f"agent {agent!r} has no variant {name!r}{hint}")
    if len(found) > 1:
        raise Failure(
            f"{name!r} may be {' or '.join(f'{each.name} ({each.id})' for each in found)}; give more of the id"
        )
    return found[0]


def configured_for(context: typer.Context, config: Path, agent: str) -> Configured:
    return configured(config, agent, context.find_object(Registry) or Registry())


def known_variants(place: Place, who: Configured) -> list[Variant]:
    """Those in the ledger, and those that the configuration has and the ledger not yet."""
    stored: list[Variant] = []
    if place.is_there:
        with place.ledger() as ledger:
            stored = ledger.variants(who.name)
    known = {(variant.name, variant.changes.digest) for variant in stored}
    written_ns = Path(who.source.file).stat().st_mtime_ns
    declared = from_config(who.name, who.agent, created_ns=written_ns, config_hash=who.config_hash)
    return [*stored, *(each for each in declared if (each.name, each.changes.digest) not in known)]
