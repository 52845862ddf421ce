"""`burnish feedback`: says what a recorded answer was worth, and lists what was said."""

import json
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from burnish.commands.columns import print_columns
from burnish.commands.groups import usually
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.runs import Since, moment_given, the_run
from burnish.commands.scores import document, said
from burnish.commands.wording import clock, one_line
from proxy.feedback.prompts import prompt_of, request_of
from records.feedback import RATINGS, Vote
from records.run import Run
from records.score import Score
from stores.ledger import Ledger, ScoreFilter
from stores.runs import RunFilter, RunStore
from stores.secret import load_secret, user_hash

app = typer.Typer(help="Say what a recorded answer was worth.", cls=usually("give"), add_completion=False)

OWNER = "owner"
_SHORT = 8
Rater = Annotated[str, typer.Option(help="Whose word it is; kept as a pseudonym, as users are.", show_default=True)]


@app.command()
def give(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or the beginning of it.")],
    thumbs: Annotated[Literal["up", "down"] | None, typer.Option(help="Good or bad.")] = None,
    rating: Annotated[int | None, typer.Option(help="From 1, the worst, to 5.")] = None,
    correction: Annotated[str | None, typer.Option(metavar="TEXT", help="What should have been answered.")] = None,
    prefer: Annotated[str | None, typer.Option(metavar="OTHER_RUN", help="A better answer to the same prompt.")] = None,
    gold: Annotated[
        Literal["up", "down"] | None, typer.Option(help="What it is for sure: raters are measured by it.")
    ] = None,
    comment: Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")] = None,
    rater: Rater = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Say what a run's answer was worth. Said again by the same rater it replaces what that one said before."""
    with told():
        place = found(config, database)
        if (thumbs, rating, correction, prefer, gold) == (None,) * 5:
            raise Failure("say what the answer was worth: --thumbs, --rating, --correction, --prefer or --gold")
        with place.store() as store:
            about = _run(store, run)
            better = None if prefer is None else _run(store, prefer)
        vote = Vote(about.tenant, about.agent, about.id, _pseudonym(place, rater), time.time_ns(), comment)
        scores = []
        if thumbs is not None:
            scores.append(vote.thumb(thumbs == "up"))
        if rating is not None:
            if rating not in RATINGS:
                raise Failure(f"--rating: {rating} is not from {RATINGS[0]}, the worst, to {RATINGS[-1]}")
            scores.append(vote.rating(rating))
        if correction is not None:
            scores.append(vote.correction(correction, owner=rater == OWNER))
        if gold is not None:
            scores.append(vote.gold(gold == "up"))
        if better is not None:
            _check_pair(about, better)
            scores.append(vote._replace(run=better.id).preferred_to(about.id))
        with place.ledger() as ledger:
            kept = ledger.put_scores(scores)
        became = ["new" if new else "changed" if changed else "same" for new, changed in kept]
        if as_json:
            reports = [{**document(score), "became": what} for score, what in zip(scores, became, strict=True)]
            print(json.dumps({"run": about.id, "scores": reports}, indent=2, ensure_ascii=False))
            return
        words = {"new": "kept", "changed": "kept instead of what was said before", "same": "said before"}
        for score, what in zip(scores, became, strict=True):
            print(f"{score.evaluator} of run {about.id[:_SHORT]}: {words[what]}")


@app.command("list")
def list_feedback(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Of this agent's runs.")],
    run: Annotated[str | None, typer.Option(help="Of this run, or one that begins so.")] = None,
    evaluator: Annotated[str | None, typer.Option(help="thumbs, rating, correction, preference, …")] = None,
    rater: Annotated[str | None, typer.Option(help="By this one, as they are called or by their pseudonym.")] = None,
    since: Since = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many; 20, and all with --json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")] = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List what was said of an agent's runs, by people and programs, newest first."""
    with told():
        place = found(config, database)
        with place.store() as store, place.ledger() as ledger:
            which = ScoreFilter(
                agent=agent,
                subjects=None if run is None else [the_run(store, run)],
                evaluator=evaluator,
                rater=None if rater is None else _known_rater(place, ledger, rater),
                since_ns=moment_given(since, "--since"),
            )
            scores = ledger.scores(which, limit or (None if as_json else 20))
            variants = _variants(store, scores)
            total = ledger.count_scores(which)
        if as_json:
            for score in scores:
                print(json.dumps({**document(score), "variant": variants.get(score.subject)}, ensure_ascii=False))
            return
        console = Console(highlight=False)
        if not scores:
            console.print("No feedback.")
            return
        print_columns([_row(score, variants) for score in scores], console)
        if total > len(scores):
            console.print(Text(f"{len(scores)} of {total}; --limit shows more", "dim"))


def _row(score: Score, variants: dict[str, str]) -> dict[str, Text]:
    return {
        "time": Text(clock(score.created_ns)),
        "run": Text(score.subject[:_SHORT], "cyan"),
        "variant": Text(one_line(variants.get(score.subject, ""), 24)),
        "source": Text(score.source),
        "rater": Text(one_line(score.rater[:_SHORT], _SHORT), "dim"),
        "said": said(score, 80),
    }


def _run(store: RunStore, prefix: str) -> Run:
    recorded = store.get(the_run(store, prefix))
    # Ids are only ever found a moment before.
    assert recorded is not None
    return recorded


def _check_pair(worse: Run, better: Run) -> None:
    if worse.id == better.id:
        raise Failure("--prefer: a run cannot be better than itself; name another one")
    if (worse.tenant, worse.agent) != (better.tenant, better.agent):
        raise Failure(f"--prefer: that run is of another agent, {better.agent!r}; a preference is between one agent's")
    asked = [None if (request := request_of(run)) is None else prompt_of(request) for run in (worse, better)]
    if None in asked:
        raise Failure("--prefer: what was asked is not on record as a whole, so the two cannot be compared")
    if asked[0] != asked[1]:
        raise Failure("--prefer: the two were asked different things; a preference is between answers to one prompt")


def _pseudonym(place: Place, name: str) -> str:
    if place.directory is None:
        raise Failure("raters are kept by a pseudonym, and --db does not tell where its secret is; use --config")
    return user_hash(load_secret(place.directory), name)


def _known_rater(place: Place, ledger: Ledger, name: str) -> str:
    """The rater as recorded: the name itself where programs or pseudonyms are called so."""
    if place.directory is None or ledger.count_scores(ScoreFilter(rater=name)):
        return name
    return user_hash(load_secret(place.directory), name)


def _variants(store: RunStore, scores: Sequence[Score]) -> dict[str, str]:
    """The variants that gave the runs, by the runs' ids."""
    found: dict[str, Any] = {}
    ids = list({score.subject for score in scores})
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        found.update((summary.id, summary.variant) for summary in store.find(RunFilter(ids=some), limit=len(some)))
    return found
