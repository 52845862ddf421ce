"""Events of a stream: told apart by their first bytes, read as far as somebody asks, and written with their name."""

import re
from typing import Final

import msgspec

from proxy.errors import UpstreamBroke
from proxy.wire import sse
from proxy.wire.half_characters import without_halves
from proxy.wire.messages.blocks import NULL, Block

MESSAGE: Final = b"message"
MESSAGE_START: Final = b"message_start"
BLOCK_START: Final = b"content_block_start"
BLOCK_DELTA: Final = b"content_block_delta"
BLOCK_STOP: Final = b"content_block_stop"
MESSAGE_DELTA: Final = b"message_delta"
MESSAGE_STOP: Final = b"message_stop"
ERROR: Final = b"error"

_FIRST: Final = re.compile(rb'\{\s*"type"\s*:\s*"(\w+)"')
_DELTA_FIRST: Final = (b'{"type":"content_block_delta"', b'{"type": "content_block_delta"')
_NAME: Final = re.compile(rb"\w+")


class Said(msgspec.Struct):
    """The `delta` of an event."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    content: str | None = None
    stop_reason: str | None = None


class Event(msgspec.Struct):
    """What steps, and whoever settles what they edited, need to know of an event."""

    index: int = 0
    delta: Said | None = None
    content_block: dict[str, msgspec.Raw] | None = None
    message: msgspec.Raw = NULL

    @property
    def block(self) -> Block | None:
        """What it begins."""
        return None if self.content_block is None else Block(self.content_block)


class _Kind(msgspec.Struct):
    type: str = ""
    error: msgspec.Raw = NULL


class _Error(msgspec.Struct):
    message: str | None = None


_EVENT: Final = msgspec.json.Decoder(Event)
_KIND: Final = msgspec.json.Decoder(_Kind)
_ERROR: Final = msgspec.json.Decoder(_Error)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def kind_of(data: bytes) -> bytes:
    """The type of an event; b"" where it names none. Raises `UpstreamBroke` for an error, and for what is no object."""
    if data.startswith(_DELTA_FIRST) and data[-1:] == b"}":
        return BLOCK_DELTA  # Nearly every event is one.
    found = _FIRST.match(data)
    if found is None or data[-1:] != b"}":
        return _unusual(data.strip())
    kind = found[1]
    if kind == ERROR:
        raise _broke(data)
    return kind


def read(data: bytes) -> Event:
    """What is not of the documented shape is passed on as it is, unread."""
    try:
        return _EVENT.decode(data)
    except _UNREADABLE:
        pass
    try:
        return _EVENT.decode(without_halves(data))
    except _UNREADABLE:
        return Event()


def written(kind: bytes, data: bytes) -> bytes:
    """The server-sent event: clients of this API go by its name."""
    if not kind or b"\n" in data or b"\r" in data:
        return (b"event: " + kind + b"\n" if kind else b"") + sse.event(data)
    return b"event: " + kind + b"\ndata: " + data + b"\n\n"


def _unusual(data: bytes) -> bytes:
    """The type of an event that does not begin with it."""
    if not (data[:1] == b"{" and data[-1:] == b"}"):
        raise UpstreamBroke("the upstream sent an event that is no JSON object")
    try:
        event = _KIND.decode(data)
    except _UNREADABLE:
        return b""
    kind = event.type.encode("utf-8", "surrogatepass")
    if kind == ERROR or (not kind and bytes(event.error) != b"null"):
        raise _broke(data)
    return kind if _NAME.fullmatch(kind) else b""


def _broke(data: bytes) -> UpstreamBroke:
    try:
        event = _KIND.decode(data)
        message = _ERROR.decode(event.error).message
    except _UNREADABLE:
        return UpstreamBroke("the upstream sent an error in its stream")
    said = message or "the upstream sent an error in its stream"
    return UpstreamBroke(said, data if event.type else None)
