"""`burnish critique`: whether self-critique helps an agent, for each kind of call, and why it is on or off."""

import json
import time
from collections.abc import Mapping

import typer
from rich.console import Console

from burnish.commands.critique_views import Shown, document, print_critique
from burnish.commands.folded import folded
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.variant_options import Agent, configured_for
from policies.critique.worth import shares
from proxy.critique.known import Known, known_from
from proxy.critique.terms import STEP, critique_step, terms_of
from records.decision import Decision
from stores.critique_states import CRITIQUE


def critique(
    context: typer.Context,
    agent: Agent,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Show whether critique helps an agent: how often it is right, what it adds, what it costs, why it is on or off."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        step = critique_step(who.agent)
        known = _known(place, agent)
        if known is None or not known.critique.strata:
            hint = f"; its middleware has no {STEP}, or it is not applied" if step is None else ""
            raise Failure(f"nothing is known of the critique of {agent!r} yet{hint}")
        given = None if step is None else shares(terms_of(agent, who.agent, step).worth, known.critique)
        shown = Shown(known.critique, given, _decided(place, agent), time.time_ns())
        if as_json:
            print(json.dumps(document(shown), indent=2, ensure_ascii=False))
        else:
            print_critique(shown, Console(highlight=False))


def _known(place: Place, agent: str) -> Known | None:
    found = folded(place, agent, CRITIQUE, "critique")
    return known_from(found.state) if found is not None else None


def _decided(place: Place, agent: str) -> Mapping[str, Decision]:
    """The last decision on each stratum."""
    with place.ledger() as ledger:
        decisions = ledger.decisions(agent, kinds=["critique"], limit=1_000)
    return {decision.subject: decision for decision in reversed(decisions)}
