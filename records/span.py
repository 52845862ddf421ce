"""A span as OTLP JSON has it, typed, so that a document is read in one go.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (ids in hex, 64-bit integers as strings). Some
programs write integers as numbers and enums by name: both are read.
"""

from typing import Final

import msgspec

from records.run import JsonValue

INTERNAL: Final = 1
SERVER: Final = 2
CLIENT: Final = 3
ERROR: Final = 2


class _Wire(msgspec.Struct, rename="camel", gc=False):
    pass


class AnyValue(_Wire):
    """One of its fields, or none for null."""

    string_value: str | None = None
    int_value: int | None = None
    bool_value: bool | None = None
    array_value: "ArrayValue | None" = None
    double_value: float | None = None
    kvlist_value: "KeyValues | None" = None
    bytes_value: str | None = None


class KeyValue(_Wire):
    key: str
    value: AnyValue | None = None


class ArrayValue(_Wire):
    values: list[AnyValue] = []


class KeyValues(_Wire):
    values: list[KeyValue] = []


class Status(_Wire):
    code: int | str = 0
    message: str = ""

    @property
    def failed(self) -> bool:
        return self.code in (ERROR, "STATUS_CODE_ERROR")


class Event(_Wire):
    """A point in a span's time; here, a further fact of a name that the span already has as attributes."""

    name: str
    time_ns: int = msgspec.field(name="timeUnixNano")
    attributes: list[KeyValue] = []


class Link(_Wire):
    trace_id: str
    span_id: str


class Span(_Wire):
    """Times are nanoseconds since the epoch; a root has the parent ""."""

    trace_id: str
    span_id: str
    name: str
    start_ns: int = msgspec.field(name="startTimeUnixNano")
    end_ns: int = msgspec.field(name="endTimeUnixNano")
    parent_id: str = msgspec.field(name="parentSpanId", default="")
    kind: int | str = 0
    attributes: list[KeyValue] = []
    status: Status | None = None
    events: list[Event] = []
    links: list[Link] = []

    @property
    def error(self) -> str | None:
        return self.status.message if self.status is not None and self.status.failed else None


class Resource(_Wire):
    attributes: list[KeyValue] = []


class ScopeSpans(_Wire):
    spans: list[Span] = []
    schema_url: str = ""


class ResourceSpans(_Wire):
    resource: Resource | None = None
    scope_spans: list[ScopeSpans] = []


class TracesData(_Wire):
    resource_spans: list[ResourceSpans]


def plain(attributes: list[KeyValue]) -> dict[str, JsonValue]:
    """Attributes as JSON has them."""
    found: dict[str, JsonValue] = {}
    for attribute in attributes:
        value = attribute.value
        # Strings are nearly all of them, so they do not pay for a call.
        if value is None or (text := value.string_value) is None:
            found[attribute.key] = _plain(value)
        else:
            found[attribute.key] = text
    return found


def _plain(value: AnyValue | None) -> JsonValue:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return value.int_value
    if value.bool_value is not None:
        return value.bool_value
    if value.array_value is not None:
        return [_plain(item) for item in value.array_value.values]
    if value.double_value is not None:
        return value.double_value
    if value.kvlist_value is not None:
        return plain(value.kvlist_value.values)
    return value.bytes_value
