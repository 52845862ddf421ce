"""Traces of runs as OTLP protobuf, written by hand.

A quarter of what the generated classes take. The field numbers are those of `opentelemetry/proto/trace/v1/trace.proto`
and `common/v1/common.proto`: https://github.com/open-telemetry/opentelemetry-proto. A field is its tag (number and wire
type in one byte, as all numbers here are below 16), then a number, or a length and that many bytes:
https://protobuf.dev/programming-guides/encoding/.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from struct import Struct
from struct import error as StructError
from typing import Final, NamedTuple, TypeVar

from records import attributes as a
from records.otlp import SCOPE
from records.run import JsonValue
from records.span import Event, Link, Span
from records.tree import spans_of
from stores.tail import Recorded

T = TypeVar("T")

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
    """An `ExportTraceServiceRequest`, and how many records are not in it as protobuf cannot hold them."""

    data: bytes
    left_out: int


class TraceEncoder:
    """`body_limit` is how many bytes remain of a body."""

    def __init__(self, body_limit: int) -> None:
        self._body_limit = body_limit
        self._short = min(_SHORT, body_limit)
        self._keys: dict[str, bytes] = {}
        self._resources: deque[tuple[Mapping[str, JsonValue], bytes]] = deque(maxlen=32)
        self._known: dict[tuple[bytes, str, type, JsonValue], bytes] = {}

    def request(self, runs: Iterable[Recorded]) -> Request:
        """The whole trace of each run."""
        return self.request_of(runs, spans_of)

    def request_of(
        self, records: Iterable[tuple[T, Mapping[str, JsonValue]]], spans_of: Callable[[T], Iterable[Span]]
    ) -> Request:
        """The spans of each record. Those of one resource are put together."""
        groups: dict[bytes, list[bytes]] = {}
        left_out = 0
        for record, resource in records:
            try:
                spans = [self._span(span) for span in spans_of(record)]
                groups.setdefault(self._resource(resource), []).extend(spans)
            except (ValueError, StructError, UnicodeEncodeError):
                # An id that is not hex, a time before 1970.
                left_out += 1
        data = b"".join(
            _field(b"\x0a", _field(b"\x0a", resource) + _field(b"\x12", _SCOPE + b"".join(spans) + _SCHEMA) + _SCHEMA)
            for resource, spans in groups.items()
        )
        return Request(data, left_out)

    def _span(self, span: Span) -> bytes:
        ids, length = f"0a10{span.trace_id}1208{span.span_id}", 28
        if span.parent_id:
            ids, length = f"{ids}2208{span.parent_id}", 38
        parts = [
            bytes.fromhex(ids),
            _field(b"\x2a", span.name.encode()),
            _TIMES(0x30, span.kind, 0x39, span.start_ns, 0x41, span.end_ns),
            self._attributes(b"\x4a", span.attributes),
        ]
        if len(parts[0]) != length:
            raise ValueError(f"span {span.span_id!r}: an id has a wrong length")
        if span.events:
            parts += [_field(b"\x5a", self._event(event)) for event in span.events]
        if span.links:
            parts += [_field(b"\x6a", _link(link)) for link in span.links]
        if (error := span.error) is not None:
            parts.append(_field(b"\x7a", _field(b"\x12", error.encode()) + b"\x18\x02"))
        return _field(b"\x12", b"".join(parts))

    def _attributes(self, tag: bytes, attributes: Mapping[str, JsonValue]) -> bytes:
        parts = []
        for key, value in attributes.items():
            kind = type(value)
            # Most are the same in every run: names of agents, models, outcomes, small numbers.
            often = (kind is str and len(value) <= self._short) or kind is int
            if often and (known := self._known.get((tag, key, kind, value))):
                parts.append(known)
                continue
            part = self._attribute(tag, key, value)
            if often and len(self._known) < _KEPT:
                self._known[tag, key, kind, value] = part
            parts.append(part)
        return b"".join(parts)

    def _attribute(self, tag: bytes, key: str, value: JsonValue) -> bytes:
        start = self._keys.get(key) or self._start(key)
        if type(value) is str:
            data = value.encode()
            if len(data) > self._body_limit and key in a.BODIES:
                data = _cut(data, self._body_limit)
            length = len(data)
            total = len(start) + length + 3
            if total < 128:
                # Lengths of one byte each, so without a call.
                return b"%b%c%b%c\x0a%c%b" % (tag, total, start, length + 2, length, data)
            content = _field(b"\x0a", data)
        else:
            content = self._value(value)
        size = varint(len(content))
        return b"%b%b%b%b%b" % (tag, varint(len(start) + len(size) + len(content)), start, size, content)

    def _resource(self, resource: Mapping[str, JsonValue]) -> bytes:
        # One a worker, and it is new in every run: comparing is a tenth of encoding.
        for known, data in self._resources:
            if known == resource:
                return data
        data = self._attributes(b"\x0a", resource)
        self._resources.append((resource, data))
        return data

    def _start(self, key: str) -> bytes:
        """The key, and the tag of the value that follows it."""
        start = _field(b"\x0a", key.encode()) + b"\x12"
        if len(self._keys) < _KEPT:
            self._keys[key] = start
        return start

    def _value(self, value: JsonValue) -> bytes:
        if isinstance(value, str):
            return _field(b"\x0a", value.encode())
        if isinstance(value, bool):
            return b"\x10\x01" if value else b"\x10\x00"
        if isinstance(value, int):
            # Protobuf's integers have 64 bits; a larger one is kept as text rather than cut.
            return b"\x18" + varint(value) if -(2**63) <= value < 2**63 else _field(b"\x0a", str(value).encode())
        if isinstance(value, float):
            return b"\x21" + _DOUBLE(value)
        if isinstance(value, (list, tuple)):
            return _field(b"\x2a", b"".join([_field(b"\x0a", self._value(item)) for item in value]))
        if isinstance(value, dict):
            return _field(b"\x32", self._attributes(b"\x0a", value))
        return b""

    def _event(self, event: Event) -> bytes:
        time = b"\x09" + event.time_ns.to_bytes(8, "little")
        return time + _field(b"\x12", event.name.encode()) + self._attributes(b"\x1a", event.attributes)


_SCOPE: Final = _field(b"\x0a", _field(b"\x0a", SCOPE.encode()))
_SCHEMA: Final = _field(b"\x1a", a.SCHEMA_URL.encode())


def _link(link: Link) -> bytes:
    return b"\x0a\x10%b\x12\x08%b" % (bytes.fromhex(link.trace_id), bytes.fromhex(link.span_id))


def _cut(data: bytes, limit: int) -> bytes:
    """The first `limit` bytes, less a character cut in two, and how much is missing."""
    kept = data[:limit].decode(errors="ignore")
    return f"{kept}… [{len(data) - limit} more bytes]".encode()
