"""`burnish incidents`: what guardrails found, and what its owner makes of it."""

import json
import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from burnish.commands.groups import usually
from burnish.commands.incident_confirming import confirm_incident
from burnish.commands.incident_views import document, print_incident, print_incidents
from burnish.commands.learned import a_decision
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.variant_options import OWNER, By, configured_for
from burnish.commands.wording import count
from policies.guardrails.rule import Action
from records.incident import Incident, IncidentState
from stores.incidents import IncidentStore, open_incidents

app = typer.Typer(help="Look at what guardrails found, and decide.", cls=usually("list"), add_completion=False)

Id = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, or the beginning of it.")]
Because = Annotated[str, typer.Option("--because", help="The reason, for the record.")]


@app.command("list")
def list_incidents(
    agent: Annotated[str | None, typer.Argument(metavar="[AGENT]", help="Of this agent; left out, of all.")] = None,
    state: Annotated[IncidentState | None, typer.Option(help="In this state; left out, all.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many; 20, and all with --json.")] = None,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List incidents: those a person is asked to look at first, then those seen last."""
    with told():
        place = found(config, database)
        shown_at_most = limit or (None if as_json else 20)
        incidents: Sequence[Incident] = ()
        counts: dict[IncidentState, int] = {}
        if place.is_there:
            store = open_incidents(place.url)
            try:
                incidents = store.incidents(agent, states=None if state is None else [state], limit=shown_at_most)
                counts = store.counts(agent)
            finally:
                store.close()
        if as_json:
            told_of = {"counts": counts, "incidents": [document(incident) for incident in incidents]}
            print(json.dumps(told_of, indent=2, ensure_ascii=False))
            return
        console = Console(highlight=False)
        print_incidents(incidents, counts, console, now_ns=time.time_ns())
        more = (sum(counts.values()) if state is None else counts.get(state, 0)) - len(incidents)
        if more > 0:
            console.print(f"{count(more)} more; --limit shows them", style="dim")


@app.command()
def show(
    incident: Id,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Show one incident whole, with the runs it was seen in."""
    with told():
        place = found(config, database)
        store = _opened(place)
        try:
            which = _the_incident(store, incident)
        finally:
            store.close()
        if as_json:
            print(json.dumps(document(which), indent=2, ensure_ascii=False))
        else:
            print_incident(which, Console(highlight=False))


@app.command()
def confirm(
    context: typer.Context,
    incident: Id,
    pattern: Annotated[list[str] | None, typer.Option(help="What the rule looks for, in RE2's syntax.")] = None,
    words: Annotated[list[str] | None, typer.Option(help="Words or a phrase it looks for, in any case.")] = None,
    action: Annotated[Action | None, typer.Option(help="What is to follow, once it is enforced.")] = None,
    without_rule: Annotated[bool, typer.Option("--without-rule", help="The rule that found it is enough.")] = False,
    without_case: Annotated[bool, typer.Option("--without-case", help="Make no regression case of it.")] = False,
    because: Because = "",
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Say that it was one: a rule in shadow and a regression case come of it, together or not at all."""
    with told():
        place = found(config, database)
        store = _opened(place)
        try:
            which = _open_incident(store, incident)
            who = configured_for(context, config, which.agent)
            confirmed = confirm_incident(
                place,
                store,
                which,
                patterns=pattern or (),
                words=words or (),
                action=action,
                without_rule=without_rule,
                without_case=without_case,
                because=because,
                actor=by,
                config_hash=who.config_hash,
            )
        finally:
            store.close()
        if as_json:
            print(json.dumps(confirmed.document(), ensure_ascii=False))
        else:
            print(confirmed.sentence())


@app.command()
def dismiss(
    context: typer.Context,
    incident: Id,
    because: Because = "",
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Say that it was nothing: a false positive of its rule."""
    with told():
        place = found(config, database)
        store = _opened(place)
        try:
            which = _open_incident(store, incident)
            who = configured_for(context, config, which.agent)
            decision = a_decision(
                which.agent,
                which.rule,
                because or f"Incident {which.short} was nothing.",
                {"incident": which.id, "was": "open", "now": "dismissed", "runs": which.count},
                tenant=which.tenant,
                actor=by,
                config_hash=who.config_hash,
            )
            store.dismiss(which.id, by, because, decision)
        finally:
            store.close()
        if as_json:
            print(json.dumps({"incident": which.id, "state": "dismissed", "decision": decision.id}))
        else:
            print(f"{which.short}: open → dismissed, a false positive of {which.rule}")


def _opened(place: Place) -> IncidentStore:
    if not place.is_there:
        raise Failure("there are no incidents yet: there is no database")
    return open_incidents(place.url)


def _the_incident(store: IncidentStore, id: str) -> Incident:
    incident = store.incident(id)
    if incident is None:
        raise Failure(f"there is no incident {id!r}; `burnish incidents` lists them")
    return incident


def _open_incident(store: IncidentStore, id: str) -> Incident:
    incident = _the_incident(store, id)
    if incident.state != "open":
        raise Failure(f"incident {incident.short} is {incident.state} already, by {incident.decided_by}")
    return incident
