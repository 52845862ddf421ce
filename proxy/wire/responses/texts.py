"""The texts of a conversation: where they stand, and edits to them."""

from collections.abc import Iterator, Sequence
from typing import Final

from middleware.messages import Edits, Role
from proxy.wire.responses.items import OF_PARTS, Item, role_of
from proxy.wire.responses.raw import NULL, items_in, raw, text_in, value_in
from proxy.wire.rewriting import Object, Slot, edit, objects_at, opened, text_at

_CALLS: Final = {"function_call": "arguments", "custom_tool_call": "input"}


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
    """All of its text, then, in what the model said, the arguments of each call. Whether there were any edits."""
    if role != "assistant":
        return any(edit(_content(item, "content" if _is_message(item) else "output"), role, edits) for item in items)
    texts = [slot for item in items if _is_message(item) for slot in _content(item, "content")]
    made = edit(texts, "assistant", edits)
    for item in items:
        if name := _CALLS.get(text_in(item.get("type"))):
            made = edit(text_at(item, name), "assistant", edits) or made
    return made


def _content(item: Object, name: str) -> Sequence[Slot]:
    return text_at(item, name) or [
        slot for part in objects_at(item, name) for each in OF_PARTS for slot in text_at(part, each)
    ]


def _read(item: Object) -> Item:
    return Item(**{name: value_in(item.get(name, NULL)) for name in ("type", "role", "id")})


def _is_message(item: Object) -> bool:
    return _read(item).is_message
