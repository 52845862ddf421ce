"""Insights as the rows they are stored as, and back.

The columns are there to find rows by; the record itself is `document`.
"""

from typing import Final, NamedTuple

import msgspec

from records.insight import Insight, InsightKind
from stores.runs import StoreError
from stores.sql.ledger_rows import time_column
from stores.sql.row import clean

_ENCODER: Final = msgspec.msgpack.Encoder()
_INSIGHT: Final = msgspec.msgpack.Decoder(Insight)


class InsightRow(NamedTuple):
    """The columns of table `insights`, save its own sequence number; without a document, what is left of one."""

    id: str
    tenant: str
    agent: str
    state: str
    writer: str
    created_ns: int
    document: bytes | None
    kind: InsightKind = "answer"


def insight_row(insight: Insight) -> InsightRow:
    try:
        document = _ENCODER.encode(insight)
    except (OverflowError, UnicodeEncodeError) as error:
        raise StoreError(f"insight {insight.id} cannot be stored: {error}") from None
    return InsightRow(
        clean(insight.id),
        clean(insight.tenant),
        clean(insight.agent),
        insight.state,
        clean(insight.writer),
        time_column(insight.created_ns),
        document,
        insight.kind,
    )


def insight_of(document: bytes) -> Insight:
    return _INSIGHT.decode(document)
