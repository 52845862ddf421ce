"""`burnish variants`: lists an agent's variants, adds to them, and says which of them get traffic."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from burnish.commands.agents import Configured, agent_names, configured
from burnish.commands.decisions import document as decision_document
from burnish.commands.decisions import kinds, print_decision, print_decisions, the_decision
from burnish.commands.groups import usually
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.traffic import Moved, Mover, last_change, learns
from burnish.commands.variant_input import CLI, Options, check_usable, read_changes
from burnish.commands.variant_views import (
    difference,
    document,
    print_difference,
    print_table,
    print_tree,
    print_variant,
)
from middleware.registry import Registry
from proxy.config.problems import suggestion
from proxy.seeding import from_config
from records.decision import Decision
from records.variant import Variant, meant, variant_id

app = typer.Typer(help="List, compare and change the variants of an agent.", cls=usually("list"), add_completion=False)

Agent = Annotated[str, typer.Argument(metavar="AGENT", help="The agent, as the configuration names it.")]
Name = Annotated[str, typer.Argument(metavar="VARIANT", help="Its name, its id, or the beginning of its id.")]
Why = Annotated[str | None, typer.Option("--why", help="The reason, for the record.")]
By = Annotated[str, typer.Option("--by", help="Who decides, for the record.", show_default=True)]
EachAsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")]
OWNER = "owner"


@app.command("list")
def list_variants(
    context: typer.Context,
    agent: Annotated[str | None, typer.Argument(metavar="AGENT", help="Of this agent; left out, of every one.")] = None,
    as_json: EachAsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List variants: their states, where they come from, what they change."""
    with told():
        place = found(config, database)
        console = Console(highlight=False)
        names = agent_names(config) if agent is None else [agent]
        for number, name in enumerate(names):
            variants = _known(place, _configured(context, config, name))
            if as_json:
                for variant in variants:
                    print(json.dumps(document(variant), ensure_ascii=False))
                continue
            if agent is None:
                console.print(Text(name if number == 0 else f"\n{name}", "bold blue"))
            print_table(variants, console)


@app.command()
def add(
    context: typer.Context,
    agent: Agent,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the new variant is called.")],
    file: Annotated[
        Path | None, typer.Option(help="YAML that is written like a variant of the configuration.", dir_okay=False)
    ] = None,
    append: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="A line after the instructions; may be given again.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model instead of the one asked for.")] = None,
    temperature: Annotated[float | None, typer.Option(help="`temperature` of the request.")] = None,
    top_p: Annotated[float | None, typer.Option(help="`top_p` of the request.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="`max_tokens` of the request.")] = None,
    seed: Annotated[int | None, typer.Option(help="`seed` of the request.")] = None,
    tool: Annotated[
        list[str] | None, typer.Option(metavar="TOOL=NOTE", help="A note on a tool; may be given again.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="STEP.KEY=VALUE", help="A step's setting; may be given again.")
    ] = None,
    parent: Annotated[
        str | None, typer.Option(help="The variant it comes of; without --file it begins with what that one changes.")
    ] = None,
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Add a variant, as a candidate: it gets no traffic until it is started."""
    with told():
        place, who = found(config, database), _configured(context, config, agent)
        sampling = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens, "seed": seed}
        options = Options(
            append or (),
            model,
            {key: value for key, value in sampling.items() if value is not None},
            tool or (),
            settings or (),
        )
        with place.ledger() as ledger:
            mover = Mover(ledger, who, OWNER)
            variants = mover.variants()
            begun = None if parent is None else the_variant(variants, agent, parent)
            changes = read_changes(who, name, file, begun, options)
            variant = Variant(
                id=variant_id(agent, changes),
                tenant=who.agent.tenant,
                agent=agent,
                name=name,
                changes=changes,
                parents=() if begun is None else (begun.id,),
                origin=CLI,
                note=note,
                state="candidate",
                created_ns=mover.now(),
                config_hash=who.config_hash,
            )
            if name in (each.name for each in variants):
                raise Failure(f"agent {agent!r} has a variant {name!r} already; choose another name")
            if not ledger.add_variant(variant):
                same = the_variant(ledger.variants(agent), agent, variant.id)
                raise Failure(f"that changes the same as variant {same.name!r}, which is {same.state}")
        if as_json:
            print(json.dumps(document(variant), indent=2, ensure_ascii=False))
        else:
            print(f"{name} added ({variant.short}); `burnish variants start {agent} {name}` gives it traffic")


@app.command()
def show(
    context: typer.Context,
    agent: Agent,
    name: Name,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Show one variant whole: what it changes, where it comes from, what was decided about it."""
    with told():
        place = found(config, database)
        variant = the_variant(_known(place, _configured(context, config, agent)), agent, name)
        decisions: list[Decision] = []
        if place.is_there:
            with place.ledger() as ledger:
                decisions = ledger.decisions(agent, subject=variant.name, limit=5)
        if as_json:
            told_of = [decision_document(decision) for decision in decisions]
            print(json.dumps({**document(variant), "decisions": told_of}, indent=2, ensure_ascii=False))
            return
        console = Console(highlight=False)
        print_variant(variant, console)
        if decisions:
            console.print(Text("\nDecisions", "bold"))
            print_decisions(decisions, console)


@app.command()
def tree(
    context: typer.Context,
    agent: Agent,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Draw which variant came of which."""
    with told():
        variants = _known(found(config, database), _configured(context, config, agent))
        if as_json:
            names = {variant.id: variant.name for variant in variants}
            lineage = {each.name: [names.get(parent, parent) for parent in each.parents] for each in variants}
            print(json.dumps({"agent": agent, "parents": lineage}, indent=2, ensure_ascii=False))
        else:
            print_tree(agent, variants, Console(highlight=False))


@app.command()
def diff(
    context: typer.Context,
    agent: Agent,
    before: Annotated[str, typer.Argument(metavar="A", help="The one variant.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Tell what leads from one variant to another, line by line."""
    with told():
        variants = _known(found(config, database), _configured(context, config, agent))
        one, other = (the_variant(variants, agent, name) for name in (before, after))
        differs = difference(one.changes, other.changes)
        if as_json:
            print(json.dumps({"a": one.name, "b": other.name, **differs.document}, indent=2, ensure_ascii=False))
        else:
            print_difference(differs, (one.name, other.name), Console(highlight=False))


@app.command()
def start(
    context: typer.Context,
    agent: Agent,
    name: Name,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Give a variant traffic: it becomes a canary, and routing that learns takes it in."""
    with told():
        place, who = found(config, database), _configured(context, config, agent)
        with place.ledger() as ledger:
            mover = Mover(ledger, who, by)
            variant = the_variant(mover.variants(), agent, name)
            if variant.serves:
                raise Failure(f"{variant.name} gets traffic already: it is {variant.state}")
            if variant.state == "rejected":
                reason = next((each.text for each in ledger.decisions(agent, subject=variant.name)), "no reason kept")
                raise Failure(f"{variant.name} was rejected ({reason}); add another in its stead")
            check_usable(who, variant)
            moved = mover.move(variant, "canary", why or "Started.")
        _report(moved, as_json)
        if not learns(who.agent):
            note = f"{agent}'s variant_routing does not learn, so its policy alone says who gets traffic"
            print(f"{note}; `policy: thompson` takes in what is started", file=sys.stderr)


@app.command()
def stop(
    context: typer.Context,
    agent: Agent,
    name: Name,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Take all traffic from a variant: it is retired. Its sessions go to the others."""
    with told():
        place, who = found(config, database), _configured(context, config, agent)
        with place.ledger() as ledger:
            mover = Mover(ledger, who, by)
            variant = the_variant(mover.variants(), agent, name)
            if not variant.serves:
                raise Failure(f"{variant.name} gets no traffic: it is {variant.state}")
            moved = mover.move(variant, "retired", why or "Stopped.")
        _report(moved, as_json)


@app.command()
def undo(
    context: typer.Context,
    agent: Agent,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Take back the last change of a variant's state; again, the one before it."""
    with told():
        place, who = found(config, database), _configured(context, config, agent)
        with place.ledger() as ledger:
            mover = Mover(ledger, who, by)
            variants = mover.variants()
            undone = last_change(ledger, agent)
            change = undone.change if undone else None
            if undone is None or change is None:
                raise Failure(f"there is nothing to undo: no variant of {agent!r} was started or stopped")
            variant = the_variant(variants, agent, change.variant)
            if variant.state != change.now:
                raise Failure(
                    f"{variant.name} is {variant.state} by now, no longer {change.now}; "
                    f"say what is to be with `burnish variants start` or `stop`"
                )
            if msgspec.structs.replace(variant, state=change.was).serves:
                check_usable(who, variant)
            text = why or f"Undone: {undone.text}"
            moved = mover.move(variant, change.was, text, undoes=undone.id)
        _report(moved, as_json, "the change before it")


@app.command()
def log(
    agent: Agent,
    decision: Annotated[
        str | None, typer.Argument(metavar="DECISION", help="One, with evidence: `last`, or the beginning of its id.")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="About this variant.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Of this kind; left out, all but epochs.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: EachAsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List what was decided about an agent's variants, newest first, and why."""
    with told():
        place = found(config, database)
        if not place.is_there:
            raise Failure("nothing was decided yet: there is no database")
        console = Console(highlight=False)
        with place.ledger() as ledger:
            if decision is not None:
                one = the_decision(ledger, agent, decision)
                if as_json:
                    print(json.dumps(decision_document(one), ensure_ascii=False))
                else:
                    print_decision(one, console)
                return
            decisions = ledger.decisions(agent, kinds=kinds(kind), subject=variant, limit=limit)
        if as_json:
            for each in decisions:
                print(json.dumps(decision_document(each), ensure_ascii=False))
        else:
            print_decisions(decisions, console)


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


def _configured(context: typer.Context, config: Path, agent: str) -> Configured:
    return configured(config, agent, context.find_object(Registry) or Registry())


def _known(place: Place, who: Configured) -> list[Variant]:
    """Those in the ledger, and those that the configuration has and the ledger not yet."""
    stored: list[Variant] = []
    if place.is_there:
        with place.ledger() as ledger:
            stored = ledger.variants(who.name)
    known = {(variant.name, variant.changes.digest) for variant in stored}
    written_ns = Path(who.source.file).stat().st_mtime_ns
    declared = from_config(who.name, who.agent, created_ns=written_ns, config_hash=who.config_hash)
    return [*stored, *(each for each in declared if (each.name, each.changes.digest) not in known)]


def _report(moved: Moved, as_json: bool, undoable: str = "this") -> None:
    variant, was, decision = moved
    if as_json:
        print(json.dumps({"variant": variant.name, "was": was, "now": variant.state, "decision": decision}))
    else:
        print(f"{variant.name}: {was} → {variant.state}; `burnish variants undo {variant.agent}` takes back {undoable}")
