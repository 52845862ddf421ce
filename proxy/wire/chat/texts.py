"""The texts of a message in a conversation: where they stand, and edits to them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from middleware.messages import Edits, Role
from proxy.wire.rewriting import Object, Slot, edit, edit_object, object_at, objects_at, opened, text_at

OF_PARTS = ("text", "refusal")
"""The fields of a part in which it says something."""

_PLAIN: Final = frozenset({"role", "content", "name", "tool_call_id"})
"""The fields of a message that says one text and nothing else, as most do."""


def texts_in(content: Any) -> Sequence[str]:
    """What content says, that has been decoded: a text, or parts of which some are."""
    if isinstance(content, str):
        return (content,)
    parts = content if isinstance(content, list) else ()
    said = [part[name] for part in parts if isinstance(part, dict) for name in OF_PARTS if name in part]
    return [text for text in said if isinstance(text, str)]


def rewritten(message: msgspec.Raw, role: Role, edits: Edits) -> msgspec.Raw:
    """The message with edits to its text, and to the arguments of its calls; itself where none are made."""
    fields = opened(message)
    if fields.keys() <= _PLAIN and bytes(fields.get("content", b"")).startswith(b'"'):
        made = edit(text_at(fields, "content"), role, edits)
        return msgspec.Raw(msgspec.json.encode(fields)) if made else message
    made = False
    for thought in _thoughts(fields) if role == "assistant" else ():
        made = edit(thought, role, edits) or made
    made = edit(_texts(fields), role, edits) or made
    for called, name in _called(fields):
        written = called.get(name)
        if isinstance(written, msgspec.Raw) and bytes(written).startswith(b"{"):
            made = edit_object(called, name, "assistant", edits) or made
        else:
            made = edit(text_at(called, name), "assistant", edits) or made
    return msgspec.Raw(msgspec.json.encode(fields)) if made else message


def _thoughts(message: Object) -> Iterator[Sequence[Slot]]:
    """Each text of reasoning, as the providers name it, that nobody has signed."""
    yield text_at(message, "reasoning_content")
    yield text_at(message, "reasoning")
    for part in objects_at(message, "content"):
        yield text_at(part, "thinking") or [
            slot for each in objects_at(part, "thinking") for slot in text_at(each, "text")
        ]
    for name in ("reasoning_details", "thinking_blocks"):
        for detail in objects_at(message, name):
            if not text_at(detail, "signature"):
                yield [slot for field in ("text", "summary", "thinking") for slot in text_at(detail, field)]


def _texts(message: Object) -> Sequence[Slot]:
    parts = [slot for part in objects_at(message, "content") for name in OF_PARTS for slot in text_at(part, name)]
    return [*(parts or text_at(message, "content")), *text_at(message, "refusal")]


def _called(message: Object) -> Iterator[tuple[Object, str]]:
    """Where the arguments of each call stand."""
    for call in objects_at(message, "tool_calls"):
        yield object_at(call, "function"), "arguments"
        yield object_at(call, "custom"), "input"
    yield object_at(message, "function_call"), "arguments"
