"""`burnish memory`: what an agent remembers, what that does to its answers, and its owner's last word on it."""

import json
import time
from typing import Annotated

import typer
from rich.console import Console

from burnish.commands import decisions
from burnish.commands.agents import Configured
from burnish.commands.groups import usually
from burnish.commands.memory_moves import Memory, forget_insight, move_insight, rebuild_index, screened
from burnish.commands.memory_views import document, overall, print_insight, print_table, standing, told_by
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.variant_options import OWNER, Agent, By, Why, configured_for
from burnish.commands.wording import count
from proxy.memory.members import RETRIEVAL
from records.insight import Insight, InsightState

app = typer.Typer(help="Look at what an agent remembers, and steer it.", cls=usually("list"), add_completion=False)

Answer = Annotated[str, typer.Argument(metavar="ANSWER", help="Its id, or the beginning of it.")]
_NO_MEMORY = "burnish: {agent} is shown no past answers: it has no step `retrieval` that is on"


@app.command("list")
def list_answers(
    context: typer.Context,
    agent: Agent,
    state: Annotated[InsightState | None, typer.Option(help="In this state; left out, all.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many; 20, and all with --json.")] = None,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List what an agent remembers, admitted answers first: how they are scored, and what being shown them does."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        with _opened(place, who) as memory:
            insights = standing(memory.insights.insights(agent, states=None if state is None else [state]))
            counts = memory.insights.counts(agent)
            effects = told_by(memory.notes().uplift)
        shown = insights[: limit or (None if as_json else 20)]
        if as_json:
            print(
                json.dumps(
                    {
                        "agent": agent,
                        "counts": counts,
                        "overall": overall(effects),
                        "answers": [document(insight, effects) for insight in shown],
                    },
                    indent=2,
                    ensure_ascii=False,
                )
            )
            return
        console = Console(highlight=False)
        print_table(shown, effects, counts, console, now_ns=time.time_ns())
        if len(shown) < len(insights):
            console.print(f"{count(len(insights) - len(shown))} more; --limit shows them", style="dim")


@app.command()
def show(
    context: typer.Context,
    agent: Agent,
    answer: Answer,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Show one answer whole: where it comes from, who vouches for it, and what was decided about it."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        with _opened(place, who) as memory:
            insight = memory.insight(answer)
            effects = told_by(memory.notes().uplift)
            decided = memory.ledger.decisions(agent, kinds=["memory"], subject=insight.id, limit=5)
        if as_json:
            told_of = [decisions.document(decision) for decision in decided]
            print(json.dumps({**document(insight, effects), "decisions": told_of}, indent=2, ensure_ascii=False))
            return
        console = Console(highlight=False)
        print_insight(insight, effects, console)
        if decided:
            console.print("\n[bold]Decisions[/bold]")
            decisions.print_decisions(decided, console)


@app.command()
def quarantine(
    context: typer.Context,
    agent: Agent,
    answer: Answer,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Set an answer aside: it is shown to no call until it is released, whatever is said of it."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        with _opened(place, who) as memory:
            insight = memory.insight(answer)
            if insight.state == "quarantined" and insight.held:
                raise Failure(f"{insight.short} is quarantined already")
            moved = move_insight(memory, insight, "quarantined", why or "Set aside.", by)
        _report(insight, moved, as_json)


@app.command()
def release(
    context: typer.Context,
    agent: Agent,
    answer: Answer,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Vouch for an answer: calls may be shown it, whatever state it was in."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        with _opened(place, who) as memory:
            insight = memory.insight(answer)
            if insight.state == "admitted" and insight.held:
                raise Failure(f"{insight.short} is released already")
            moved = move_insight(memory, insight, "admitted", why or "Released.", by)
            verdict = screened(who, insight)
        _report(insight, moved, as_json)
        if not verdict.passed:
            typer.echo(
                f"burnish: calls are not shown it while it breaks {verdict.rule} ({verdict.reason}); "
                f"`skip_rules: [{verdict.rule}]` at {agent}'s step retrieval lets it pass",
                err=True,
            )


@app.command()
def forget(
    context: typer.Context,
    agent: Agent,
    answer: Answer,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Delete an answer's words for good: the same words are not remembered again. The runs they came of stay."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        with _opened(place, who) as memory:
            insight = memory.insight(answer)
            decision = forget_insight(memory, insight, why or "Forgotten.", by)
        if as_json:
            print(json.dumps({"answer": insight.id, "was": insight.state, "now": None, "decision": decision}))
        else:
            print(f"{insight.short}: {insight.state} → forgotten; the background process takes it from the index")


@app.command()
def rebuild(
    context: typer.Context,
    agent: Agent,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Have the index of an agent's answers made anew from the store, as after it was damaged."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        with _opened(place, who) as memory:
            admitted = rebuild_index(memory)
        if as_json:
            print(json.dumps({"agent": agent, "admitted": admitted}))
        else:
            print(f"the background process embeds {admitted:,} answers of {agent} anew")


def _opened(place: Place, who: Configured) -> Memory:
    """Raises `Failure` where there is nothing to look at."""
    if not place.is_there:
        raise Failure("nothing is remembered yet: there is no database")
    if not any(step.name == RETRIEVAL for step in who.agent.middleware):
        # What it remembered before can still be looked at.
        typer.echo(_NO_MEMORY.format(agent=who.name), err=True)
    return Memory(place, who)


def _report(insight: Insight, moved: tuple[Insight, str], as_json: bool) -> None:
    now, decision = moved
    if as_json:
        print(json.dumps({"answer": now.id, "was": insight.state, "now": now.state, "decision": decision}))
    else:
        print(f"{now.short}: {insight.state} → {now.state}")
