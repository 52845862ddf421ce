"""How an item ends that was cut off: with what was told of it until then."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from proxy.wire.responses import event
from proxy.wire.responses.join import join_events
from proxy.wire.responses.raw import Fields, fields_in, items_in, text_in

_PARTS: Final = {b"response.content_part": "content", b"response.reasoning_summary_part": "summary"}
_ENDS: Final = {
    "refusal": ("response.refusal.done", "refusal"),
    "reasoning_text": ("response.reasoning_text.done", "text"),
    "summary_text": ("response.reasoning_summary_text.done", "text"),
}
"""The event that ends what a part says, and the field that says it."""


def item_told(events: Sequence[tuple[bytes, bytes]]) -> Fields:
    """The item that these events, each a kind and its data, told of."""
    items = items_in(fields_in(join_events(events)).get("output"))
    return fields_in(items[0]) if items else {}


def ends_of_parts(events: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kind and the fields of each event that ends a part which has not ended. Parts of text are left to others."""
    item = item_told(events)
    for stem, name, index in _open_parts(events):
        parts = items_in(item.get(name))
        part = fields_in(parts[index]) if index < len(parts) else {}
        place = {"content_index" if name == "content" else "summary_index": index}
        if (end := _ENDS.get(text_in(part.get("type")))) is not None:
            kind, field = end
            yield kind, {**place, field: part.get(field, "")}
            yield f"{stem}.done", {**place, "part": part}


def _open_parts(events: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    for kind, data in events:
        stem, _, stage = kind.rpartition(b".")
        if (name := _PARTS.get(stem)) is None:
            continue
        read = event.read_event(data)
        index = read.content_index if name == "content" else read.summary_index
        if type(index) is not int or index < 0:
            continue
        part = stem.decode(), name, index
        if stage == b"added":
            found.append(part)
        elif part in found:
            found.remove(part)
    return found
