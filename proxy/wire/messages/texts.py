"""The texts of a conversation: where they stand, and edits to them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from middleware.messages import Edits
from proxy.wire.messages.blocks import NULL, Block, text_of
from proxy.wire.messages.pieces import CALLS
from proxy.wire.rewriting import Object, Slot, edit, edit_object, object_at, objects_at, opened, text_at


def text_in(blocks: Sequence[Block]) -> str:
    """All that a model reads of these blocks as text: of documents and of what a search found too."""
    return "".join([slot.text for block in blocks for slot in _texts(dict(block.fields))])


def rewritten(request: Object, edits: Edits) -> Object | None:
    """The fields of a request with edits to its texts; None where none are made."""
    made = edit(_content(request, "system"), "system", edits)
    messages: list[Any] = msgspec.json.decode(request["messages"], type=list[msgspec.Raw])
    for place, written in enumerate(messages):
        message = opened(written)
        if _edited(message, edits):
            messages[place], made = message, True
    return {**request, "messages": messages} if made else None


def _edited(message: Object, edits: Edits) -> bool:
    """Whether there were edits to the message, which are then made."""
    role = text_of(message.get("role", NULL))
    blocks = objects_at(message, "content")
    match role:
        case "assistant" | "system":
            made = _edited_inside(blocks, edits)
            made = edit(_content_of(message, blocks), role, edits) or made
            for block in blocks:
                if _type(block) in CALLS:
                    made = edit_object(block, "input", "assistant", edits) or made
        case _:
            results = [block for block in blocks if _type(block) == "tool_result"]
            made = _edited_inside(blocks, edits)
            for result in results:
                made = edit(_content(result, "content"), "tool", edits) or made
                _leave_out_emptied(result)
            others = [block for block in blocks if _type(block) != "tool_result"]
            made = edit(_content_of(message, others), "user", edits) or made
    _leave_out_emptied(message)
    return made


def _edited_inside(blocks: Sequence[Object], edits: Edits) -> bool:
    """Edits to what the model thought, unless it is signed or sealed, and to what the tools gave that the provider ran
    for it: it read that before it said anything."""
    made = False
    for block in blocks:
        match _type(block):
            case "thinking" if not text_at(block, "signature"):
                made = edit(text_at(block, "thinking"), "assistant", edits) or made
            case "compaction" if not text_at(block, "encrypted_content"):
                made = edit(text_at(block, "content"), "assistant", edits) or made
            case kind if kind.endswith("_tool_result"):
                made = edit(_given(block), "tool", edits) or made
    return made


def _given(holder: Object) -> Sequence[Slot]:
    """What a tool of the provider's gave: texts, documents, what was found or what a command wrote."""
    said = [slot for name in ("title", "stdout", "stderr", "content") for slot in text_at(holder, name)]
    inside = [object_at(holder, "content")] if isinstance(holder.get("content"), msgspec.Raw) else []
    inside = [*filter(None, inside), *objects_at(holder, "content")]
    return [*said, *(slot for each in inside for slot in _texts(each) or _given(each))]


def _content_of(message: Object, blocks: Sequence[Object]) -> Sequence[Slot]:
    return text_at(message, "content") or [slot for block in blocks for slot in _texts(block)]


def _content(holder: Object, name: str) -> Sequence[Slot]:
    return text_at(holder, name) or [slot for block in objects_at(holder, name) for slot in _texts(block)]


def _texts(block: Object) -> Sequence[Slot]:
    match _type(block):
        case "text":
            return text_at(block, "text")
        case "document":
            source = object_at(block, "source")
            said = text_at(source, "data") if _type(source) == "text" else _content(source, "content")
            return [*text_at(block, "title"), *text_at(block, "context"), *said]
        case "search_result":
            return [*text_at(block, "title"), *_content(block, "content")]
    return ()


def _leave_out_emptied(holder: Object) -> None:
    blocks = holder.get("content")
    if isinstance(blocks, list):
        said = [block for block in blocks if not (isinstance(block, dict) and block.get("text") == "")]
        holder["content"] = said or blocks[:1]


def _type(block: Object) -> str:
    kind = block.get("type", NULL)
    return text_of(kind) or ""
