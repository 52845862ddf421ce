"""Spans as OTLP JSON and back, one `TracesData` document a line, as an OpenTelemetry Collector's files have it.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (ids in hex, 64-bit integers as strings). Some
programs write integers as numbers and enums by name: both are read.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
import orjson

from records.attributes import SCHEMA_URL
from records.run import JsonValue, Run
from records.span import Event, Link, Span
from records.trace import TraceError, runs_of
from records.tree import spans_of
from records.values import key_values

SCOPE: Final = "burnish"
_ERROR: Final = 2
_KINDS: Final = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}


def line_of(run: Run, resource: Mapping[str, JsonValue]) -> bytes:
    """One line, newline included: the whole trace of the run under the resource that served it."""
    return encode(spans_of(run), resource)


def runs_in(line: bytes | str) -> list[Run]:
    """The runs in one OTLP JSON document. Raises `TraceError` naming what is wrong with it."""
    return list(runs_of(decode(line)))


def encode(spans: Iterable[Span], resource: Mapping[str, JsonValue]) -> bytes:
    scope = {"scope": {"name": SCOPE}, "schemaUrl": SCHEMA_URL, "spans": [_written(span) for span in spans]}
    document = {
        "resourceSpans": [
            {"resource": {"attributes": key_values(resource)}, "scopeSpans": [scope], "schemaUrl": SCHEMA_URL}
        ]
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def decode(document: bytes | str) -> Iterator[Span]:
    """The spans of an OTLP JSON document, of whichever program. Raises `TraceError` when it is not one."""
    for group in decode_groups(document):
        yield from group.spans


class Group(msgspec.Struct):
    """Spans of one resource."""

    resource: dict[str, JsonValue]
    spans: list[Span]


def decode_groups(document: bytes | str) -> list[Group]:
    """The spans of an OTLP JSON document by resource. Raises `TraceError` when it is not one."""
    try:
        return [
            Group(
                _plain(found.resource.attributes) if found.resource is not None else {},
                [_read(span) for scope in found.scope_spans for span in scope.spans],
            )
            for found in _decode(document).resource_spans
        ]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TraceError(f"not OTLP JSON: {error}") from None


def _written(span: Span) -> dict[str, Any]:
    written: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id or "",
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": key_values(span.attributes),
    }
    if span.error is not None:
        written["status"] = {"code": _ERROR, "message": span.error}
    if span.events:
        written["events"] = [
            {"name": event.name, "timeUnixNano": str(event.time_ns), "attributes": key_values(event.attributes)}
            for event in span.events
        ]
    if span.links:
        written["links"] = [{"traceId": link.trace_id, "spanId": link.span_id} for link in span.links]
    return written


class _Wire(msgspec.Struct, rename="camel", gc=False):
    pass


class _AnyValue(_Wire):
    """One of its fields, or none for null."""

    string_value: str | None = None
    int_value: int | None = None
    bool_value: bool | None = None
    array_value: "_ArrayValue | None" = None
    double_value: float | None = None
    kvlist_value: "_KeyValues | None" = None
    bytes_value: str | None = None


class _KeyValue(_Wire):
    key: str
    value: _AnyValue | None = None


class _ArrayValue(_Wire):
    values: list[_AnyValue] = []


class _KeyValues(_Wire):
    values: list[_KeyValue] = []


class _Status(_Wire):
    code: int | str = 0
    message: str = ""


class _Event(_Wire):
    name: str
    time_unix_nano: int
    attributes: list[_KeyValue] = []


class _Link(_Wire):
    trace_id: str
    span_id: str


class _Span(_Wire):
    trace_id: str
    span_id: str
    name: str
    start_time_unix_nano: int
    end_time_unix_nano: int
    parent_span_id: str = ""
    kind: int | str = 0
    attributes: list[_KeyValue] = []
    status: _Status | None = None
    events: list[_Event] = []
    links: list[_Link] = []


class _Resource(_Wire):
    attributes: list[_KeyValue] = []


class _ScopeSpans(_Wire):
    spans: list[_Span] = []


class _ResourceSpans(_Wire):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] = []


class _TracesData(_Wire):
    resource_spans: list[_ResourceSpans]


# Not strict: OTLP writes 64-bit integers, and numbers that are not finite, as strings.
_decode: Final = msgspec.json.Decoder(_TracesData, strict=False).decode


def _read(span: _Span) -> Span:
    status = span.status
    failed = status is not None and status.code in (_ERROR, "STATUS_CODE_ERROR")
    kind = span.kind
    return Span(
        trace_id=span.trace_id.lower(),
        span_id=span.span_id.lower(),
        parent_id=span.parent_span_id.lower() or None,
        name=span.name,
        kind=kind if isinstance(kind, int) else _KINDS.get(kind.removeprefix("SPAN_KIND_"), 0),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_plain(span.attributes),
        error=status.message if status is not None and failed else None,
        events=[Event(event.name, event.time_unix_nano, _plain(event.attributes)) for event in span.events],
        links=[Link(link.trace_id.lower(), link.span_id.lower()) for link in span.links],
    )


def _plain(attributes: list[_KeyValue]) -> dict[str, JsonValue]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: _AnyValue | None) -> JsonValue:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return value.int_value
    if value.bool_value is not None:
        return value.bool_value
    if value.array_value is not None:
        return [_value(item) for item in value.array_value.values]
    if value.double_value is not None:
        return value.double_value
    if value.kvlist_value is not None:
        return _plain(value.kvlist_value.values)
    return value.bytes_value
