"""Preference pairs: two answers to the same prompt, one better than the other, and how that is known.

Four things tell: somebody preferred one run to another, somebody wrote what should have been answered, a user asked
again and went on from one of the answers, or an answer was revised before it went out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from middleware.messages import Completion, Message
from proxy.feedback.prompts import completion_of, request_of
from proxy.feedback.regenerations import Regenerated
from records.run import JsonValue, Run
from records.score import CORRECTION, PREFERENCE, REVISION, Score, ScoreSource

Kind: TypeAlias = Literal["preference", "correction", "regeneration", "revision"]


@dataclass(frozen=True)
class Provenance:
    """How it is known. `chosen` and `rejected` are runs, `chosen` None for a correction, whose text nobody generated.
    Of a revision both are the same, for one of its versions was never shown.

    `score` is what somebody said, `told_by` the run that went on from the chosen answer.
    """

    kind: Kind
    tenant: str
    agent: str
    source: ScoreSource
    rejected: str
    rejected_variant: str
    chosen: str | None = None
    chosen_variant: str | None = None
    score: str | None = None
    rater: str | None = None
    told_by: str | None = None
    at_ns: int = 0


@dataclass(frozen=True)
class Pair:
    """A prompt as chat messages, and two answers to it, each a list of one message, as trainers take them."""

    prompt: list[JsonValue]
    chosen: list[JsonValue]
    rejected: list[JsonValue]
    provenance: Provenance


@dataclass(frozen=True)
class Untold:
    """A pair that is known of and cannot be shown, and why."""

    provenance: Provenance
    why: str


def pairs(
    scores: Iterable[Score], regenerated: Iterable[Regenerated], run_of: Callable[[str], Run | None]
) -> Iterator[Pair | Untold]:
    """What `scores` and regenerations say is better than what. Runs that are gone are passed over with their pairs."""
    for score in scores:
        if score.evaluator == PREFERENCE and score.against is not None:
            yield from _preferred(score, run_of)
        elif score.evaluator == CORRECTION and score.kind == "run":
            yield from _corrected(score, run_of)
        elif score.evaluator == REVISION and score.kind == "run":
            yield from _revised(score, run_of)
    for found in regenerated:
        kept, other, by = run_of(found.kept), run_of(found.passed_over), run_of(found.told_by)
        if kept is not None and other is not None and by is not None:
            yield _pair(
                _between("regeneration", kept, other, source="implicit", told_by=by.id, at_ns=by.started_ns),
                kept,
                other,
            )


def _preferred(score: Score, run_of: Callable[[str], Run | None]) -> Iterator[Pair | Untold]:
    better, worse = run_of(score.subject), run_of(score.against or "")
    if better is not None and worse is not None:
        known = _between(
            "preference", better, worse, source=score.source, score=score.id, rater=score.rater, at_ns=score.created_ns
        )
        yield _pair(known, better, worse)


def _corrected(score: Score, run_of: Callable[[str], Run | None]) -> Iterator[Pair | Untold]:
    run = run_of(score.subject)
    corrected = score.details.get("answer")
    if run is None or not isinstance(corrected, str):
        return
    provenance = Provenance(
        "correction",
        run.tenant,
        run.agent,
        score.source,
        rejected=run.id,
        rejected_variant=run.variant,
        score=score.id,
        rater=score.rater,
        at_ns=score.created_ns,
    )
    yield _shown(provenance, run, _written(corrected), completion_of(run))


def _revised(score: Score, run_of: Callable[[str], Run | None]) -> Iterator[Pair | Untold]:
    run = run_of(score.subject)
    unshown, preferred = score.details.get("unshown"), score.details.get("preferred")
    if run is None or not isinstance(unshown, str):
        return
    known = _between(
        "revision", run, run, source=score.source, score=score.id, rater=score.rater, at_ns=score.created_ns
    )
    shown = completion_of(run)
    if shown is None:
        yield Untold(known, f"the answer of run {run.id} is not on record as a whole")
    elif preferred == score.details.get("shown"):
        yield _told(known, run, _said(shown), _written(unshown))
    else:
        yield _told(known, run, _written(unshown), _said(shown))


def _between(
    kind: Kind,
    better: Run,
    worse: Run,
    *,
    source: ScoreSource,
    at_ns: int,
    score: str | None = None,
    rater: str | None = None,
    told_by: str | None = None,
) -> Provenance:
    return Provenance(
        kind,
        better.tenant,
        better.agent,
        source,
        rejected=worse.id,
        rejected_variant=worse.variant,
        chosen=better.id,
        chosen_variant=better.variant,
        score=score,
        rater=rater,
        told_by=told_by,
        at_ns=at_ns,
    )


def _pair(provenance: Provenance, better: Run, worse: Run) -> Pair | Untold:
    chosen = completion_of(better)
    if chosen is None:
        return Untold(provenance, f"the answer of run {better.id} is not on record as a whole")
    return _shown(provenance, better, _said(chosen), completion_of(worse))


def _shown(provenance: Provenance, asked: Run, chosen: list[JsonValue], rejected: Completion | None) -> Pair | Untold:
    if rejected is None:
        return Untold(provenance, f"the answer of run {provenance.rejected} is not on record as a whole")
    return _told(provenance, asked, chosen, _said(rejected))


def _told(provenance: Provenance, asked: Run, chosen: list[JsonValue], rejected: list[JsonValue]) -> Pair | Untold:
    request = request_of(asked)
    if request is None:
        return Untold(provenance, f"what run {asked.id} was asked is not on record as a whole")
    if request.continues is not None or request.conversation is not None:
        return Untold(provenance, f"run {asked.id} goes on from what its provider keeps")
    if any(message.parts for message in request.messages):
        return Untold(provenance, f"run {asked.id} was asked with more than text")
    if chosen == rejected:
        return Untold(provenance, "both answers are the same")
    return Pair([_message(message) for message in request.messages], chosen, rejected, provenance)


def _written(text: str) -> list[JsonValue]:
    """What no model's answer on record holds."""
    return [{"role": "assistant", "content": text}]


def _said(completion: Completion) -> list[JsonValue]:
    """The first choice of an answer, as a chat message."""
    return [_message(Message("assistant", completion.text, tuple(completion.calls)))]


def _message(message: Message) -> JsonValue:
    told: dict[str, JsonValue] = {"role": message.role, "content": message.text}
    if message.calls:
        told["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.call_id is not None:
        told["tool_call_id"] = message.call_id
    return told
