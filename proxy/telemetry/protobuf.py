"""Traces as OTLP protobuf, written by hand from spans as the journal has them.

A quarter of what the generated classes take. The field numbers are those of `opentelemetry/proto/trace/v1/trace.proto`
and `common/v1/common.proto`: https://github.com/open-telemetry/opentelemetry-proto. A field is its tag (number and wire
type in one byte, as all numbers here are below 16), then a number, or a length and that many bytes:
https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Sequence
from struct import Struct
from struct import error as StructError
from typing import Final, NamedTuple

from records import attributes as a
from records.span import AnyValue, Event, KeyValue, Link, Span, TracesData

_KINDS: Final = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_TIMES: Final = Struct("<BBBQBQ").pack
_DOUBLE: Final = Struct("<d").pack
_KEPT: Final = 4096
"""Attribute keys, and short attributes, that an encoder remembers."""
_SHORT: Final = 24


def varint(number: int) -> bytes:
    """Seven bits a byte, lowest first; a negative number as 64 bits."""
    if number < 0:
        number += 1 << 64
    if number < 128:
        return _SMALL[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_SMALL: Final = tuple(bytes((number,)) for number in range(128))


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + varint(len(content)) + content


class Request(NamedTuple):
    """An `ExportTraceServiceRequest`, and how many traces are not in it as protobuf cannot hold them."""

    data: bytes
    left_out: int


class TraceEncoder:
    """`body_limit` is how many bytes remain of a body."""

    def __init__(self, body_limit: int) -> None:
        self._body_limit = body_limit
        self._short = min(_SHORT, body_limit)
        self._keys: dict[str, bytes] = {}
        self._known: dict[tuple[bytes, str, str], bytes] = {}

    def request(self, traces: Sequence[TracesData]) -> Request:
        """Spans of one resource are put together."""
        groups: dict[tuple[bytes, str], list[bytes]] = {}
        left_out = 0
        for trace in traces:
            try:
                for of_resource in trace.resource_spans:
                    resource = of_resource.resource
                    attributes = b"" if resource is None else self._attributes(b"\x0a", resource.attributes)
                    for of_scope in of_resource.scope_spans:
                        spans = [self._span(span) for span in of_scope.spans]
                        groups.setdefault((attributes, of_scope.schema_url), []).extend(spans)
            except (ValueError, StructError):
                # An id that is not hex, a time before 1970.
                left_out += 1
        data = b"".join(
            _field(b"\x0a", _field(b"\x0a", resource) + _field(b"\x12", _scope(spans, schema)) + _schema(schema))
            for (resource, schema), spans in groups.items()
        )
        return Request(data, left_out)

    def _span(self, span: Span) -> bytes:
        kind = span.kind if isinstance(span.kind, int) else _KINDS.get(span.kind.removeprefix("SPAN_KIND_"), 0)
        parts = [
            b"\x0a\x10",
            bytes.fromhex(span.trace_id),
            b"\x12\x08",
            bytes.fromhex(span.span_id),
            b"\x22\x08" + bytes.fromhex(span.parent_id) if span.parent_id else b"",
            _field(b"\x2a", span.name.encode()),
            _TIMES(0x30, kind, 0x39, span.start_ns, 0x41, span.end_ns),
            self._attributes(b"\x4a", span.attributes),
        ]
        if span.events:
            parts += [_field(b"\x5a", self._event(event)) for event in span.events]
        if span.links:
            parts += [_field(b"\x6a", _link(link)) for link in span.links]
        if (error := span.error) is not None:
            parts.append(_field(b"\x7a", _field(b"\x12", error.encode()) + b"\x18\x02"))
        return _field(b"\x12", b"".join(parts))

    def _attributes(self, tag: bytes, attributes: Sequence[KeyValue]) -> bytes:
        parts = []
        keys = self._keys
        for attribute in attributes:
            value = attribute.value
            if value is not None and (text := value.string_value) is not None:
                # Short texts are mostly the same in every run: names of agents, models, outcomes.
                short = len(text) <= self._short
                if short and (known := self._known.get((tag, attribute.key, text))):
                    parts.append(known)
                    continue
                start = keys.get(attribute.key) or self._start(attribute.key)
                data = text.encode()
                if len(data) > self._body_limit and attribute.key in a.BODIES:
                    data = _cut(data, self._body_limit)
                length = len(data)
                total = len(start) + length + 3
                if total < 128:
                    # Lengths of one byte each: most attributes, so without a call.
                    part = b"%b%c%b%c\x0a%c%b" % (tag, total, start, length + 2, length, data)
                    parts.append(part)
                    if short and len(self._known) < _KEPT:
                        self._known[tag, attribute.key, text] = part
                    continue
                content = _field(b"\x0a", data)
            else:
                start = keys.get(attribute.key) or self._start(attribute.key)
                content = b"" if value is None else self._value(value)
            size = varint(len(content))
            parts.append(b"%b%b%b%b%b" % (tag, varint(len(start) + len(size) + len(content)), start, size, content))
        return b"".join(parts)

    def _start(self, key: str) -> bytes:
        """The key, and the tag of the value that follows it."""
        start = _field(b"\x0a", key.encode()) + b"\x12"
        if len(self._keys) < _KEPT:
            self._keys[key] = start
        return start

    def _value(self, value: AnyValue) -> bytes:
        if value.string_value is not None:
            return _field(b"\x0a", value.string_value.encode())
        if value.int_value is not None:
            return b"\x18" + varint(value.int_value)
        if value.bool_value is not None:
            return b"\x10\x01" if value.bool_value else b"\x10\x00"
        if value.double_value is not None:
            return b"\x21" + _DOUBLE(value.double_value)
        if value.array_value is not None:
            return _field(b"\x2a", b"".join(_field(b"\x0a", self._value(item)) for item in value.array_value.values))
        if value.kvlist_value is not None:
            return _field(b"\x32", self._attributes(b"\x0a", value.kvlist_value.values))
        return b""

    def _event(self, event: Event) -> bytes:
        time = b"\x09" + event.time_ns.to_bytes(8, "little")
        return time + _field(b"\x12", event.name.encode()) + self._attributes(b"\x1a", event.attributes)


def _scope(spans: Sequence[bytes], schema: str) -> bytes:
    return _field(b"\x0a", _field(b"\x0a", b"burnish")) + b"".join(spans) + _schema(schema)


def _schema(url: str) -> bytes:
    return _field(b"\x1a", url.encode()) if url else b""


def _link(link: Link) -> bytes:
    return b"\x0a\x10%b\x12\x08%b" % (bytes.fromhex(link.trace_id), bytes.fromhex(link.span_id))


def _cut(data: bytes, limit: int) -> bytes:
    """The first `limit` bytes, less a character cut in two, and how much is missing."""
    kept = data[:limit].decode(errors="ignore")
    return f"{kept}… [{len(data) - limit} more bytes]".encode()
