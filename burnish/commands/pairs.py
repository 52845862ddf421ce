"""`burnish pairs`: answers of which one is known to be better, as a data set for preference training."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from burnish.commands.columns import print_columns
from burnish.commands.progress import progress_bar
from burnish.commands.records import DEFAULT_FILE, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.runs import Since, moment_given
from burnish.commands.wording import clock, one_line, timestamp
from proxy.feedback.pairs import Kind, Pair, Provenance, Untold, pairs
from proxy.feedback.regenerations import Regenerated, Turn, regenerated, turn_of
from records.run import JsonValue
from stores.ledger import ScoreFilter
from stores.runs import Position, RunFilter, RunStore

_PAGE = 200
_SHOWN = 20
_SHORT = 8
_KEPT = 1024
"""Runs with their bodies that are in memory at once."""


def list_pairs(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Of this agent's runs.")],
    kind: Annotated[Kind | None, typer.Option(help="Known in this way alone.")] = None,
    since: Since = None,
    strengths: Annotated[
        bool, typer.Option("--strengths", help="Rank variants by what was preferred, instead of listing pairs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all, one JSON document a line.")] = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List pairs of answers to the same prompt of which one is better: preferred, corrected, or asked for again."""
    with told():
        place, since_ns = found(config, database), moment_given(since, "--since")
        if strengths:
            if kind not in (None, "preference"):
                raise Failure(f"--strengths are of what was preferred, not of any {kind}: leave out --kind")
            _rank(place, agent, since_ns, as_json)
            return
        untold: Counter[str] = Counter()
        rows = []
        with place.store() as store, place.ledger() as ledger:
            scores = ledger.scores(ScoreFilter(agent=agent, since_ns=since_ns))
            again = _regenerated(store, agent, since_ns) if kind in (None, "regeneration") else ()
            run_of = lru_cache(_KEPT)(store.get)
            for pair in pairs(scores, again, run_of):
                if kind not in (None, pair.provenance.kind):
                    continue
                if isinstance(pair, Untold):
                    untold[pair.why] += 1
                elif as_json:
                    print(json.dumps(document(pair), ensure_ascii=False))
                else:
                    rows.append(_row(pair))
        if not as_json:
            _show(rows)
        if untold:
            for why, number in untold.items():
                print(f"left out{f' {number} times' if number > 1 else ''}: {why}", file=sys.stderr)


def _rank(place: Place, agent: str, since_ns: int | None, as_json: bool) -> None:
    # Imported here: numpy is for those commands alone that need it.
    from burnish.commands.strengths import preferences, ranking, tell

    with place.store() as store, place.ledger() as ledger:
        preferred = preferences(store, ledger, agent, since_ns)
    tell(ranking(agent, preferred, since_ns), as_json=as_json)


def document(pair: Pair) -> dict[str, JsonValue]:
    """What `--json` says of a pair: what trainers of preferences read, and where it comes from."""
    known = pair.provenance
    return {
        "prompt": pair.prompt,
        "chosen": pair.chosen,
        "rejected": pair.rejected,
        "provenance": {
            "kind": known.kind,
            "time": timestamp(known.at_ns),
            "tenant": known.tenant,
            "agent": known.agent,
            "source": known.source,
            "rater": known.rater,
            "score": known.score,
            "told_by": known.told_by,
            "chosen": known.chosen,
            "chosen_variant": known.chosen_variant,
            "rejected": known.rejected,
            "rejected_variant": known.rejected_variant,
        },
    }


def _regenerated(store: RunStore, agent: str, since_ns: int | None) -> Iterator[Regenerated]:
    turns = []
    which = RunFilter(agent=agent, turn="main", source="live", outcome="ok", since_ns=since_ns)
    total, done = store.count(which), 0
    with progress_bar("reading conversations") as shown:
        for run_id in _ids(store, which):
            turns.append(_turn(store, run_id))
            done += 1
            shown(done, total)
    return regenerated(turn for turn in turns if turn is not None)


def _ids(store: RunStore, which: RunFilter) -> Iterator[str]:
    after: Position | None = None
    while page := store.find(which, _PAGE, after):
        yield from (summary.id for summary in page)
        after = page[-1].position


def _turn(store: RunStore, run_id: str) -> Turn | None:
    run = store.get(run_id)
    return None if run is None else turn_of(run)


def _show(rows: list[dict[str, Text]]) -> None:
    console = Console(highlight=False)
    if not rows:
        console.print("No pairs.")
        return
    print_columns(rows[:_SHOWN], console)
    if len(rows) > _SHOWN:
        console.print(Text(f"{_SHOWN} of {len(rows)}; --json prints all", "dim"))


def _row(pair: Pair) -> dict[str, Text]:
    known: Provenance = pair.provenance
    return {
        "time": Text(clock(known.at_ns)),
        "kind": Text(known.kind),
        "chosen": Text((known.chosen or "")[:_SHORT], "cyan"),
        "rejected": Text(known.rejected[:_SHORT], "cyan"),
        "better": Text(_words(pair.chosen), "green"),
        "worse": Text(_words(pair.rejected), "red"),
    }


def _words(messages: list[Any]) -> str:
    return one_line(str(messages[-1]["content"]), 32)
