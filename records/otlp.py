"""Spans as OTLP JSON, one `TracesData` document a line, as an OpenTelemetry Collector's file exporter writes them.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (ids in hex, 64-bit integers as strings).
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from records.attributes import SCHEMA_URL
from records.run import JsonValue, Run
from records.trace import Event, Link, Span, TraceError, runs_of, spans_of

SCOPE: Final = "burnish"
_STATUS_ERROR: Final = 2
_KINDS: Final = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}


def line_of(run: Run, resource: dict[str, JsonValue]) -> bytes:
    """One line, newline included: the run's trace under the resource that served it."""
    return encode(spans_of(run), resource)


def runs_in(line: bytes | str) -> list[Run]:
    """The runs in one OTLP JSON document. Raises `TraceError` naming what is wrong with it."""
    return list(runs_of(decode(line)))


def encode(spans: Iterable[Span], resource: dict[str, JsonValue]) -> bytes:
    document = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [
                    {"scope": {"name": SCOPE}, "schemaUrl": SCHEMA_URL, "spans": [_span(span) for span in spans]}
                ],
                "schemaUrl": SCHEMA_URL,
            }
        ]
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def decode(document: bytes | str) -> Iterator[Span]:
    """The spans of an OTLP JSON document, of whichever program. Raises `TraceError` when it is not one."""
    try:
        data = orjson.loads(document)
        for resource in data["resourceSpans"]:
            for scope in resource.get("scopeSpans", ()):
                for span in scope.get("spans", ()):
                    yield _read_span(span)
    except orjson.JSONDecodeError as error:
        raise TraceError(f"not OTLP JSON: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise TraceError(f"not OTLP JSON: {type(error).__name__}: {error}") from None


def _span(span: Span) -> dict[str, Any]:
    written: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes(span.attributes),
    }
    if span.parent_id is not None:
        written["parentSpanId"] = span.parent_id
    if span.error is not None:
        written["status"] = {"code": _STATUS_ERROR, "message": span.error}
    if span.events:
        written["events"] = [
            {"name": event.name, "timeUnixNano": str(event.time_ns), "attributes": _attributes(event.attributes)}
            for event in span.events
        ]
    if span.links:
        written["links"] = [{"traceId": link.trace_id, "spanId": link.span_id} for link in span.links]
    return written


def _attributes(found: dict[str, JsonValue]) -> list[dict[str, Any]]:
    # Strings are nearly all of them, so they do not pay for a call.
    return [
        {"key": key, "value": {"stringValue": value} if type(value) is str else _value(value)}
        for key, value in found.items()
    ]


def _value(value: JsonValue) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        # OTLP integers have 64 bits; a larger one is kept as text rather than cut.
        return {"intValue": str(value)} if -(2**63) <= value < 2**63 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if value == value and abs(value) != float("inf") else _NON_FINITE[str(value)]}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _attributes(value)}}
    if value is None:
        return {}
    raise TypeError(f"a fact's attribute must be JSON, not {type(value).__name__}")


_NON_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _read_span(span: dict[str, Any]) -> Span:
    status = span.get("status") or {}
    failed = status.get("code") in (_STATUS_ERROR, "STATUS_CODE_ERROR")
    kind = span.get("kind", 0)
    return Span(
        trace_id=span["traceId"].lower(),
        span_id=span["spanId"].lower(),
        parent_id=span.get("parentSpanId", "").lower() or None,
        name=span["name"],
        kind=kind if isinstance(kind, int) else _KINDS.get(kind.removeprefix("SPAN_KIND_"), 0),
        start_ns=int(span["startTimeUnixNano"]),
        end_ns=int(span["endTimeUnixNano"]),
        attributes=_read_attributes(span.get("attributes", ())),
        error=status.get("message", "") if failed else None,
        events=[
            Event(event["name"], int(event["timeUnixNano"]), _read_attributes(event.get("attributes", ())))
            for event in span.get("events", ())
        ],
        links=[Link(link["traceId"].lower(), link["spanId"].lower()) for link in span.get("links", ())],
    )


def _read_attributes(found: Iterable[dict[str, Any]]) -> dict[str, JsonValue]:
    return {item["key"]: _read_value(item.get("value") or {}) for item in found}


def _read_value(value: dict[str, Any]) -> JsonValue:
    if not value:
        return None
    ((kind, content),) = value.items()
    match kind:
        case "stringValue" | "boolValue":
            return content
        case "intValue":
            return int(content)
        case "doubleValue":
            return float(content)
        case "arrayValue":
            return [_read_value(item) for item in content.get("values", ())]
        case "kvlistValue":
            return _read_attributes(content.get("values", ()))
        case "bytesValue":
            return content
    raise ValueError(f"unknown kind of value {kind!r}")
