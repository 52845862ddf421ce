"""`burnish tools`: how an agent's tools do, which of them fail and why; and notes on them, learned from failures."""

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from burnish.commands.folded import folded
from burnish.commands.progress import progress_bar
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.runs import Since, moment_given
from burnish.commands.tool_views import Shown, document, print_tools
from burnish.commands.variant_options import Agent, configured_for
from burnish.commands.wording import one_line
from proxy.tools.keeping import STEP, watches
from proxy.tools.known import Known, known_from
from stores.runs import RunFilter
from stores.tool_states import TOOLS


def tools(
    context: typer.Context,
    agent: Agent,
    shapes: Annotated[bool, typer.Option("--shapes", help="Also each shape of arguments alone.")] = False,
    propose: Annotated[
        bool, typer.Option("--propose", help="Propose notes learned from failures, as drafts of variants.")
    ] = False,
    since: Since = None,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Show an agent's tools: how often they fail, how long they take, which are withheld and why."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        if propose:
            _propose(place, agent, who.agent.tenant, who.config_hash, moment_given(since, "--since") or 0, as_json)
            return
        if since is not None:
            raise Failure("--since goes with --propose; figures are of all calls, the latest counting most")
        known = _known(place, agent)
        if known is None:
            hint = "" if watches(who.agent) else f"; its middleware has no {STEP}, which watches them"
            raise Failure(f"nothing is known of the tools of {agent!r} yet{hint}")
        shown = Shown(known.tools, time.time_ns())
        if as_json:
            print(json.dumps(document(shown), indent=2, ensure_ascii=False))
        else:
            print_tools(shown, Console(highlight=False), shapes=shapes)


def _known(place: Place, agent: str) -> Known | None:
    found = folded(place, agent, TOOLS, "tools")
    return known_from(found.state) if found is not None else None


def _propose(place: Place, agent: str, tenant: str, config_hash: str, since_ns: int, as_json: bool) -> None:
    # Imported here: it is learning that it belongs to, not looking.
    from learners.tool_notes.propose import propose

    with place.store() as runs, place.ledger() as ledger, progress_bar("reading calls") as shown:
        total = runs.count(RunFilter(agent=agent))
        proposals = list(
            propose(
                runs,
                ledger,
                agent,
                tenant=tenant,
                now_ns=time.time_ns(),
                since_ns=since_ns,
                config_hash=config_hash,
                read=lambda done: shown(done, total),
            )
        )
    if as_json:
        for each in proposals:
            variant = each.variant
            told_of = {"tool": each.tool, "variant": variant.name, "id": variant.id, "state": variant.state}
            print(
                json.dumps({**told_of, "new": each.new, "note": variant.changes.tools[each.tool]}, ensure_ascii=False)
            )
        return
    console = Console(highlight=False)
    if not proposals:
        console.print("Nothing to note: no arguments are known that make calls fail.")
    for each in proposals:
        variant, first = each.variant, each.findings[0].table
        state = "proposed" if each.new else f"known already, {variant.state}"
        console.print(Text.assemble((variant.name, "bold"), f"  {state}"), soft_wrap=True)
        console.print(Text(f"  {one_line(variant.changes.tools[each.tool], 400)}"), soft_wrap=True)
        mine, others = first.failed + first.fine, first.other_failed + first.other_fine
        seen = f"  {first.failed} of {mine} such calls failed, {first.other_failed} of {others} others"
        console.print(Text(seen, "dim"), soft_wrap=True)
        if each.new:
            console.print(
                Text(f"  `burnish variants start {agent} {variant.name}` gives it traffic", "dim"), soft_wrap=True
            )
