"""Runs as OTLP JSON and back: one document a line, like the files an OpenTelemetry Collector writes."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from records.line import LineWriter
from records.run import JsonValue, Run
from records.span import Span, TracesData
from records.trace import TraceError, runs_of

# Not strict: OTLP writes 64-bit integers, and numbers that are not finite, as strings.
_decode: Final = msgspec.json.Decoder(TracesData, strict=False).decode


def line_of(run: Run, resource: Mapping[str, JsonValue]) -> bytes:
    """One line, newline included: the run's trace under the resource that served it. For many, keep a `LineWriter`."""
    return LineWriter(resource)(run)


def runs_in(line: bytes | str) -> list[Run]:
    """The runs in one OTLP JSON document. Raises `TraceError` naming what is wrong with it."""
    return list(runs_of(decode(line)))


def spans_of(run: Run) -> list[Span]:
    """The spans of `run`, parents before children."""
    return list(decode(line_of(run, {})))


def decode(document: bytes | str) -> Iterator[Span]:
    """The spans of an OTLP JSON document, of whichever program. Raises `TraceError` when it is not one."""
    return spans_in(traces_data(document))


def traces_data(document: bytes | str) -> TracesData:
    """An OTLP JSON document, of whichever program. Raises `TraceError` when it is not one."""
    try:
        return _decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TraceError(f"not OTLP JSON: {error}") from None


def spans_in(data: TracesData) -> Iterator[Span]:
    return (span for resource in data.resource_spans for scope in resource.scope_spans for span in scope.spans)
