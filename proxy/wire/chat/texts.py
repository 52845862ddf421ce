"""The texts of a message in a conversation: where they stand, and edits to them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from middleware.messages import Edits, Role
from proxy.wire.rewriting import Object, Slot, edit, object_at, objects_at, opened, text_at

OF_PARTS = ("text", "refusal")
"""The fields of a part in which it says something."""


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
    made = edit(_texts(fields), role, edits)
    for called in _called(fields):
        made = edit((called,), "assistant", edits) or made
    return msgspec.Raw(msgspec.json.encode(fields)) if made else message


def _texts(message: Object) -> Sequence[Slot]:
    parts = [slot for part in objects_at(message, "content") for name in OF_PARTS for slot in text_at(part, name)]
    return [*(parts or text_at(message, "content")), *text_at(message, "refusal")]


def _called(message: Object) -> Sequence[Slot]:
    calls = objects_at(message, "tool_calls")
    asked = [
        text_at(object_at(each, "function"), "arguments") or text_at(object_at(each, "custom"), "input")
        for each in calls
    ]
    return [*(slot for slots in asked for slot in slots), *text_at(object_at(message, "function_call"), "arguments")]
