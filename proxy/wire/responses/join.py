"""The events of a stream put together into the `response` they tell of.

The event that ends a stream carries all of it. Of a stream that was cut, what came is put together.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import orjson

from proxy.wire.depth import deeper_than
from proxy.wire.responses.event import ENDS, LIFECYCLE, read_event

_Object: TypeAlias = dict[str, Any]

_PIECES: Final = {
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
    "response.mcp_call_arguments.delta": "arguments",
    "response.code_interpreter_call_code.delta": "code",
}
"""Deltas of a field of their item."""

_PIECES_OF_PARTS: Final = {
    "response.output_text.delta": ("content", "content_index", "text"),
    "response.refusal.delta": ("content", "content_index", "refusal"),
    "response.reasoning_text.delta": ("content", "content_index", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "text"),
}
"""Deltas of a field of a part: the list it is in, what says which, and the field."""

_PARTS: Final = {
    "response.content_part.added": ("content", "content_index"),
    "response.content_part.done": ("content", "content_index"),
    "response.reasoning_summary_part.added": ("summary", "summary_index"),
    "response.reasoning_summary_part.done": ("summary", "summary_index"),
}
_DEEP: Final = 240
"""Levels of JSON. More can be read than orjson writes, which is 254."""


def join_events(events: Sequence[tuple[bytes, bytes]]) -> bytes:
    """`events`: the kind and the data of each."""
    for kind, data in reversed(events):
        if kind in ENDS and (response := read_event(data).response):
            return bytes(response)
    try:
        return _put_together(events)
    except (RecursionError, orjson.JSONEncodeError):
        return _put_together([(kind, data) for kind, data in events if not deeper_than(data, _DEEP)])


def _put_together(events: Sequence[tuple[bytes, bytes]]) -> bytes:
    response: _Object = {"object": "response"}
    items: dict[int, _Object] = {}
    for kind, data in events:
        event = _object(data)
        if kind in LIFECYCLE and isinstance(found := event.get("response"), dict):
            response = found
        else:
            _take(event, items)
    if items:
        response["output"] = [items[index] for index in sorted(items)]
    elif not isinstance(response.get("output"), list):
        response["output"] = []
    return orjson.dumps(response)


def _take(event: _Object, items: dict[int, _Object]) -> None:
    kind, index = event.get("type"), event.get("output_index")
    if not isinstance(kind, str) or type(index) is not int:
        return
    if kind in ("response.output_item.added", "response.output_item.done"):
        if isinstance(item := event.get("item"), dict):
            items[index] = item
    elif (item := items.get(index)) is None:
        return
    elif (field := _PIECES.get(kind)) is not None:
        _append(item, field, event.get("delta"))
    elif (place := _PARTS.get(kind)) is not None:
        if isinstance(part := event.get("part"), dict):
            _change(item, place[0], event.get(place[1]), lambda _: part)
    elif (piece := _PIECES_OF_PARTS.get(kind)) is not None:
        _change(item, piece[0], event.get(piece[1]), lambda part: _append(part, piece[2], event.get("delta")))


def _change(item: _Object, name: str, index: Any, change: Callable[[Any], Any]) -> None:
    """Change the part of the list `name` at `index`, or add one to its end."""
    parts = item.setdefault(name, [])
    if type(index) is not int or not isinstance(parts, list):
        return
    if 0 <= index < len(parts):
        parts[index] = change(parts[index])
    elif index == len(parts) and (part := change(None)) is not None:
        parts.append(part)


def _append(into: Any, field: str, piece: Any) -> Any:
    if isinstance(into, dict) and isinstance(piece, str):
        had = into.get(field)
        into[field] = (had if isinstance(had, str) else "") + piece
    return into


def _object(data: bytes) -> _Object:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
