"""One OpenTelemetry span, in plain types."""

from collections.abc import Sequence
from typing import Final

import msgspec

from records.run import JsonValue

INTERNAL: Final = 1
SERVER: Final = 2
CLIENT: Final = 3


class Link(msgspec.Struct, frozen=True):
    trace_id: str
    span_id: str


class Event(msgspec.Struct, frozen=True):
    """A point in a span's time; here, a further fact of a name that the span already has as attributes."""

    name: str
    time_ns: int
    attributes: dict[str, JsonValue]


class Span(msgspec.Struct, kw_only=True):
    """Ids are lower-case hex, times nanoseconds since the epoch. `error` is None for a span that did not fail."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: dict[str, JsonValue]
    error: str | None = None
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
