"""Variants, scores and decisions as the rows they are stored as, and back.

The columns are there to find rows by; the record itself is `document`. Only a variant's name and state move on, so for
these the columns count.
"""

from typing import Final, NamedTuple

import msgspec

from records.decision import Decision
from records.score import Score
from records.variant import State, Variant
from stores.runs import StoreError
from stores.sql.row import clean

_MAX: Final = 2**63 - 1
_ENCODER: Final = msgspec.msgpack.Encoder()
_VARIANT: Final = msgspec.msgpack.Decoder(Variant)
_SCORE: Final = msgspec.msgpack.Decoder(Score)
_DECISION: Final = msgspec.msgpack.Decoder(Decision)


class VariantRow(NamedTuple):
    """The columns of table `variants`, save its own sequence number."""

    id: str
    tenant: str
    agent: str
    name: str
    origin: str
    state: str
    created_ns: int
    document: bytes


class ScoreRow(NamedTuple):
    """The columns of table `scores`, save its own sequence number."""

    id: str
    tenant: str
    agent: str
    kind: str
    subject: str
    against: str | None
    evaluator: str
    source: str
    rater: str
    value: float | None
    created_ns: int
    document: bytes


class DecisionRow(NamedTuple):
    """The columns of table `decisions`, save its own sequence number."""

    id: str
    tenant: str
    agent: str
    kind: str
    subject: str
    actor: str
    created_ns: int
    document: bytes


def variant_row(variant: Variant) -> VariantRow:
    return VariantRow(
        clean(variant.id),
        clean(variant.tenant),
        clean(variant.agent),
        clean(variant.name),
        clean(variant.origin),
        variant.state,
        time_column(variant.created_ns),
        _document(f"variant {variant.name!r}", variant),
    )


def score_row(score: Score) -> ScoreRow:
    return ScoreRow(
        clean(score.id),
        clean(score.tenant),
        clean(score.agent),
        score.kind,
        clean(score.subject),
        clean(score.against),
        clean(score.evaluator),
        score.source,
        clean(score.rater),
        score.value,
        time_column(score.created_ns),
        _document(f"score {score.id}", score),
    )


def decision_row(decision: Decision) -> DecisionRow:
    return DecisionRow(
        clean(decision.id),
        clean(decision.tenant),
        clean(decision.agent),
        decision.kind,
        clean(decision.subject),
        clean(decision.actor),
        time_column(decision.created_ns),
        _document(f"decision {decision.id}", decision),
    )


def variant_of(name: str, state: State, document: bytes) -> Variant:
    return msgspec.structs.replace(_VARIANT.decode(document), name=name, state=state)


def score_of(document: bytes) -> Score:
    return _SCORE.decode(document)


def decision_of(document: bytes) -> Decision:
    return _DECISION.decode(document)


def inserting(table: str, row: type[NamedTuple]) -> str:
    """The statement that adds such a row."""
    return f"INSERT INTO {table} ({', '.join(row._fields)}) VALUES ({', '.join(f':{name}' for name in row._fields)})"


def _document(what: str, record: Variant | Score | Decision) -> bytes:
    try:
        return _ENCODER.encode(record)
    except (OverflowError, UnicodeEncodeError, TypeError) as error:
        raise StoreError(f"{what} cannot be stored: {error}") from None


def time_column(ns: int) -> int:
    """As a column of 64 bits can hold it."""
    return max(-_MAX, min(_MAX, ns))
