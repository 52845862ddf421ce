"""`burnish show RUN`: the trace of one call, and what was asked and answered."""

import json
from collections.abc import Sequence
from typing import Annotated

import msgspec
import orjson
import typer
from rich.console import Console
from rich.text import Text

from burnish.commands import scores
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, found, told
from burnish.commands.runs import the_run
from burnish.commands.tree import drawn, trace_of
from burnish.commands.wording import clock, one_line, printable, shortened
from records.run import Run
from records.score import Score
from stores.ledger import ScoreFilter
from stores.messages import Body
from stores.sql import texts

_LINES = 12
"""Lines of the question and of the answer."""


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or the beginning of it.")],
    bodies: Annotated[bool, typer.Option("--bodies", help="Print the requests and the answer whole.")] = False,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Show one recorded call: its trace with timings, tokens and cost, then question and answer."""
    with told():
        place = found(config, database)
        with place.store() as store:
            recorded = store.get(the_run(store, run))
        # Ids are only ever found a moment before.
        assert recorded is not None
        with place.ledger() as ledger:
            given = ledger.scores(ScoreFilter(subjects=[recorded.id]))
        if as_json:
            print(document(recorded, given).decode())
            return
        console = Console(highlight=False)
        console.print(_heading(recorded))
        for line in drawn(trace_of(recorded), console):
            console.print(line, soft_wrap=True)
        if given:
            console.print(Text("\nScores", "bold"))
        for score in reversed(given):
            console.print(scores.line_of(score, recorded.id), soft_wrap=True)
        if bodies:
            for title, body in (("Request", recorded.request), ("Sent", recorded.sent), ("Answer", recorded.answer)):
                if body is not None:
                    _section(console, title, _pretty(body))
        else:
            asked = texts.question(Body(recorded.request)) if recorded.request else ""
            said, calls = texts.answered(recorded.answer) if recorded.answer else ("", ())
            for title, text in (("Question", asked), ("Answer", said), ("Tool calls", "\n".join(calls))):
                if text.strip():
                    _section(console, title, shortened(text, _LINES))


def document(run: Run, given: Sequence[Score]) -> bytes:
    """The whole run as JSON, and its scores. Bodies that are JSON stand in it as they are, not as strings."""
    fields = {**msgspec.structs.asdict(run), "scores": [scores.document(score) for score in given]}
    for name in ("request", "sent", "answer"):
        if (body := fields[name]) is not None and _is_json(body):
            fields[name] = msgspec.Raw(body.encode())
    return msgspec.json.encode(fields)


def _heading(run: Run) -> Text:
    lines = [
        [("run", run.id), ("trace", run.trace_id)],
        [("", clock(run.started_ns)), ("tenant", run.tenant), ("config", run.config_hash), ("source", run.source)],
    ]
    if run.session is not None:
        lines.append([("session", f"{run.session} ({run.session_source})")])
    if run.user is not None:
        lines.append([("user", run.user)])
    heading = Text(overflow="fold")
    for line in lines:
        for place, (name, value) in enumerate(line):
            heading.append("  " if place else "").append(f"{name} " if name else "", "dim").append(one_line(value, 200))
        heading.append("\n")
    return heading


def _section(console: Console, title: str, text: str) -> None:
    console.print(Text(f"\n{title}", "bold"))
    console.print(Text(text, overflow="fold"), soft_wrap=False)


def _pretty(body: str) -> str:
    try:
        return printable(json.dumps(orjson.loads(body), indent=2, ensure_ascii=False))
    except orjson.JSONDecodeError:
        return printable(body)


def _is_json(body: str) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
