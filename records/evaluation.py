"""A score as a span of the trace that it is about, `evaluate NAME`, and back.

OpenTelemetry calls this the event `gen_ai.evaluation.result` and wants it beneath the operation that was evaluated:
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-events.md. Trace viewers show
spans alone, so here it is a span of no duration beneath the chat span, which carries that event's attributes and comes
whenever the score does.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from records import attributes as a
from records.run import JsonValue
from records.score import GOLD, THUMBS, Score
from records.span import INTERNAL, Span
from records.trace import TraceError, chat_span_id

_LABELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({THUMBS: ("down", "up"), GOLD: ("bad", "good")})
"""What 0 and 1 are called by evaluators that know nothing else."""
_PAIR_LABELS: Final = ("not preferred", "preferred")
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Score).decode


class Evaluated(Protocol):
    """What a score's span must know of its run."""

    @property
    def id(self) -> str: ...

    @property
    def trace_id(self) -> str: ...

    @property
    def response_id(self) -> str | None: ...


def evaluation_span(score: Score, run: Evaluated) -> Span:
    """The span of a score about `run`: as its subject, or as the other run of a pair, whose value is not told."""
    other = score.kind == "pair" and run.id != score.subject
    found: dict[str, JsonValue] = {
        a.KIND: "evaluation",
        a.EVALUATION_NAME: score.evaluator,
        # What may be long stands apart, where it can be cut on the way to a viewer.
        a.SCORE: _encode(msgspec.structs.replace(score, rationale=None, details={})).decode(),
    }
    optional: tuple[tuple[str, JsonValue], ...] = (
        (a.EVALUATION_VALUE, None if other else score.value),
        (a.EVALUATION_LABEL, _PAIR_LABELS[not other] if score.kind == "pair" else _label(score)),
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


def is_evaluation(span: Span) -> bool:
    return span.attributes.get(a.KIND) == "evaluation"


def scores_of(spans: Iterable[Span]) -> Iterator[Score]:
    """The scores among mixed spans, without details that were cut; those of a pair come twice, from both its traces.

    Raises `TraceError` for one that cannot be read, and may be asked for the next.
    """
    return map(_score, filter(is_evaluation, spans))


def _score(span: Span) -> Score:
    found = span.attributes
    try:
        score = _decode(found[a.SCORE])
        rationale = msgspec.convert(found.get(a.EVALUATION_EXPLANATION), str | None)
        details = _details(found.get(a.SCORE_DETAILS, "{}"))
    except (KeyError, TypeError, msgspec.DecodeError) as error:
        raise TraceError(f"span {span.span_id}: not a Burnish score: {error}") from None
    return msgspec.structs.replace(score, rationale=rationale, details=details)


def _label(score: Score) -> str | None:
    labels = _LABELS.get(score.evaluator)
    return labels[score.value >= 0.5] if labels and score.value is not None else None


def _details(written: str) -> dict[str, JsonValue]:
    try:
        return msgspec.json.decode(written, type=dict[str, JsonValue])
    except msgspec.DecodeError:
        return {}


def _span_id(score: Score, run: Evaluated) -> str:
    """The same for the same verdict, so that one exported twice is one; second thoughts have a span of their own."""
    told = "\0".join((score.id, run.id, str(score.created_ns)))
    return f"{int(hashlib.blake2b(told.encode(), digest_size=8).hexdigest(), 16) or 1:016x}"
