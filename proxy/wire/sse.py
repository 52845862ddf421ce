"""Server-sent events: reading a stream cut anywhere, and writing events whole.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from typing import Final

import orjson

PING: Final = b": ping\n\n"
DONE: Final = b"[DONE]"

_MAX_EVENT: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class EventTooLarge(Exception):
    """An event of more than 16 MiB: not an answer of a model."""


class EventReader:
    """Turns bytes as they arrive into the `data` of each finished event; comments and other fields are dropped."""

    __slots__ = ("_held_cr", "_started", "_tail")

    def __init__(self) -> None:
        self._tail = b""
        self._held_cr = False
        self._started = False

    def feed(self, received: bytes) -> list[bytes]:
        if self._held_cr:
            received = b"\r" + received
            self._held_cr = False
        if b"\r" in received:
            # A CR at the very end may be half of a CRLF; it waits for the next read.
            if received.endswith(b"\r"):
                received = received[:-1]
                self._held_cr = True
            received = received.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not self._started:
            received, self._tail = self._tail + received, b""
            if _BOM.startswith(received):
                self._tail = received
                return []
            self._started = True
            received = received.removeprefix(_BOM)
        *events, tail = (self._tail + received).split(b"\n\n")
        if len(tail) > _MAX_EVENT:
            raise EventTooLarge(f"the upstream sent an event of more than {_MAX_EVENT // 1024**2} MiB")
        self._tail = tail
        return [data for event in events if (data := _data(event))]

    def finish(self) -> list[bytes]:
        """What a stream that ended without its last blank line still holds, unless it was cut in the middle."""
        tail, self._tail = self._tail, b""
        data = _data(tail)
        return [data] if data and _is_whole(data) else []


def event(data: bytes) -> bytes:
    """One event, ended by its blank line. `data` is JSON, so it may be folded to one line where it is not."""
    if b"\n" in data or b"\r" in data:
        # Between JSON tokens a line break is white space; inside a string it is always escaped.
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")
    return b"data: " + data + b"\n\n"


def _is_whole(data: bytes) -> bool:
    if data == DONE:
        return True
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _data(event: bytes) -> bytes:
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    lines = []
    for line in event.split(b"\n"):
        if line.startswith(b"data:"):
            value = line[5:]
            lines.append(value[1:] if value.startswith(b" ") else value)
    return b"\n".join(lines)
