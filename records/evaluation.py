"""A score as a span of the trace that it is about, `evaluate NAME`, and back.

OpenTelemetry calls this the event `gen_ai.evaluation.result` and wants it beneath the operation that was evaluated.
Trace viewers show spans alone, so here it is a span of no duration beneath the chat span, which carries that event's
attributes and comes whenever the score does.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from records import attributes as a
from records.run import JsonValue, Run
from records.score import Score
from records.span import INTERNAL, Span
from records.trace import TraceError, chat_span_id

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Score).decode


def evaluation_span(score: Score, run: Run) -> Span:
    """The span of a score about `run`: as its subject, or as the other run of a pair."""
    found: dict[str, JsonValue] = {
        a.KIND: "evaluation",
        a.EVALUATION_NAME: score.evaluator,
        # What may be long stands apart, where it can be cut on the way to a viewer.
        a.SCORE: _encode(msgspec.structs.replace(score, rationale=None, details={})).decode(),
    }
    optional: tuple[tuple[str, JsonValue], ...] = (
        (a.EVALUATION_VALUE, score.value),
        (a.EVALUATION_EXPLANATION, score.rationale),
        (a.SCORE_DETAILS, _encode(score.details).decode() if score.details else None),
        (a.RESPONSE_ID, run.response_id),
    )
    found.update((name, value) for name, value in optional if value is not None)
    if score.failure is not None:
        found[a.ERROR_TYPE] = "evaluation_failed"
    return Span(
        trace_id=run.trace_id,
        span_id=_span_id(score, run),
        parent_id=chat_span_id(run.id),
        name=f"evaluate {score.evaluator}",
        kind=INTERNAL,
        start_ns=score.created_ns,
        end_ns=score.created_ns,
        attributes=found,
        error=score.failure,
    )


def scores_of(spans: Iterable[Span]) -> Iterator[Score]:
    """The scores among mixed spans, without details that were cut. Raises `TraceError` for one that cannot be read."""
    for span in spans:
        found = span.attributes
        if found.get(a.KIND) == "evaluation":
            try:
                score = _decode(found[a.SCORE])
            except (KeyError, TypeError, msgspec.DecodeError) as error:
                raise TraceError(f"span {span.span_id}: not a Burnish score: {error}") from None
            yield msgspec.structs.replace(
                score, rationale=found.get(a.EVALUATION_EXPLANATION), details=_details(found.get(a.SCORE_DETAILS, "{}"))
            )


def _details(written: str) -> dict[str, JsonValue]:
    try:
        return msgspec.json.decode(written, type=dict[str, JsonValue])
    except msgspec.DecodeError:
        return {}


def _span_id(score: Score, run: Run) -> str:
    """The same for the same verdict, so that one exported twice is one; second thoughts have a span of their own."""
    told = "\0".join((score.id, run.id, str(score.created_ns)))
    return f"{int(hashlib.blake2b(told.encode(), digest_size=8).hexdigest(), 16) or 1:016x}"
