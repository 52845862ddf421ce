"""The texts of a conversation: where they stand, and edits to them."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from middleware.messages import Edits, Role
from proxy.wire.responses.items import OF_PARTS, Item, role_of
from proxy.wire.responses.pieces import ARGUMENTS
from proxy.wire.responses.raw import NULL, items_in, raw, text_in, value_in
from proxy.wire.rewriting import Object, Slot, edit, edit_object, object_at, objects_at, opened, text_at

_STREAMS: Final = ("stdout", "stderr")
"""What a command wrote."""


def rewritten(request: Object, edits: Edits) -> Object | None:
    """The fields of a request with edits to its texts; None where none are made."""
    made = edit(text_at(request, "instructions"), "system", edits)
    made = edit(text_at(request, "input"), "user", edits) or made
    written = items_in(request.get("input"))
    items = [opened(item) for item in written]
    for places, role in _turns(items):
        if _edit_turn([items[place] for place in places], role, edits):
            made = True
            for place in places:
                written[place] = raw(items[place])
    if not made:
        return None
    return {**request, "input": written} if written else request


def _turns(items: Sequence[Object]) -> Iterator[tuple[Sequence[int], Role]]:
    """As `items.turns_of` has them."""
    said: list[int] = []
    for place, item in enumerate(items):
        role = role_of(_read(item))
        if role == "assistant":
            said.append(place)
        elif role is not None:
            yield said, "assistant"
            said = []
            yield (place,), role
    yield said, "assistant"


def _edit_turn(items: Sequence[Object], role: Role, edits: Edits) -> bool:
    """All of its text, then, in what the model said, the arguments of each call. Whether there were any edits.

    Before that what the model thought, and what the tools gave that the provider ran for it: it read that first.
    """
    if role != "assistant":
        (item,) = items
        return edit(_content(item, "content") if _is_message(item) else _result(item), role, edits)
    made = False
    for item in items:
        if not _is_message(item):
            for parts in ("summary", "content"):
                made = edit(_content(item, parts), "assistant", edits) or made
            made = edit(_found(item), "tool", edits) or made
    texts = [slot for item in items if _is_message(item) for slot in _content(item, "content")]
    made = edit(texts, "assistant", edits) or made
    for item in items:
        if name := ARGUMENTS.get(text_in(item.get("type"))):
            if isinstance(item.get(name), msgspec.Raw) and bytes(item[name]).startswith((b"{", b"[")):
                made = edit_object(item, name, "assistant", edits) or made
            else:
                made = edit(text_at(item, name), "assistant", edits) or made
    return made


def _result(item: Object) -> Sequence[Slot]:
    """What a tool gave that the client ran, or said of whether it may be run."""
    streams = [slot for each in objects_at(item, "output") for name in _STREAMS for slot in text_at(each, name)]
    return [*_content(item, "output"), *streams, *text_at(item, "reason")]


def _found(item: Object) -> Sequence[Slot]:
    """What a tool gave that the provider ran."""
    said = [slot for name in ("output", "error", "result") for slot in text_at(item, name)]
    error = text_at(object_at(item, "error"), "message")
    logs = [slot for each in objects_at(item, "outputs") for slot in text_at(each, "logs")]
    files = [slot for each in objects_at(item, "results") for slot in text_at(each, "text")]
    return [*said, *error, *logs, *files]


def _content(item: Object, name: str) -> Sequence[Slot]:
    return text_at(item, name) or [
        slot for part in objects_at(item, name) for each in OF_PARTS for slot in text_at(part, each)
    ]


def _read(item: Object) -> Item:
    return Item(**{name: value_in(item.get(name, NULL)) for name in ("type", "role", "id")})


def _is_message(item: Object) -> bool:
    return _read(item).is_message
