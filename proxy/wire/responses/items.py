"""The items that a request brings and an answer is made of, read as the turns of a conversation.

What the model said between two things said to it is one turn, however many items it takes: reasoning, messages, calls.
Source: `ResponseInputItem` and `ResponseOutputItem` of the OpenAI client libraries.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from middleware.messages import Message, Role, ToolCall
from proxy.wire.fingerprint import assistant_digest
from proxy.wire.responses.raw import NULL, value_in

_ROLES: Final[dict[Any, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
OF_PARTS: Final = ("text", "refusal")
"""The fields of a part in which it says something."""

_MODEL_MADE: Final = frozenset(
    ("reasoning", "mcp_list_tools", "mcp_approval_request", "compaction", "program", "item_reference")
)
"""Beside everything that ends in `_call`. A reference stands for an item of an answer: clients know no other ids."""


class Item(msgspec.Struct):
    """An item of whatever type. What its type does not say it has is not read."""

    type: Any = None
    role: Any = None
    id: Any = None
    call_id: Any = None
    name: Any = None
    content: msgspec.Raw = NULL
    output: msgspec.Raw = NULL
    arguments: msgspec.Raw = NULL
    input: msgspec.Raw = NULL
    encrypted_content: msgspec.Raw = NULL

    @property
    def is_message(self) -> bool:
        return self.type == "message" or (self.type is None and self.role is not None)

    @property
    def bound(self) -> bool:
        """Whether it is only of use to the upstream it came from: a reference, or something encrypted.

        Reasoning without its content is a reference too, by its id.
        """
        if self.is_message:
            return False
        if self.type in (None, "item_reference"):
            return isinstance(self.id, str)
        if self.type == "reasoning" and isinstance(self.id, str) and bytes(self.content) in (b"null", b"[]"):
            return True
        return bytes(self.encrypted_content) not in (b"null", b'""')


class Turn(NamedTuple):
    """Consecutive items of the model, or one item of anybody else."""

    role: Role
    items: Sequence[Item]


def turns_of(items: Sequence[Item]) -> list[Turn]:
    """Items of types unknown here belong to no turn."""
    turns: list[Turn] = []
    said: list[Item] | None = None
    for item in items:
        role = role_of(item)
        if role is None:
            continue
        if role != "assistant":
            said = None
            turns.append(Turn(role, (item,)))
        elif said is None:
            turns.append(Turn(role, said := [item]))
        else:
            said.append(item)
    return turns


def message_of(turn: Turn) -> Message:
    if turn.role == "assistant":
        said = [all_text_of(item.content) for item in turn.items if item.is_message]
        text, parts = "".join(text for text, _ in said), any(parts for _, parts in said)
        return Message("assistant", text, calls_of(turn.items), None, parts)
    (item,) = turn.items
    text, has_parts = all_text_of(item.content if item.is_message else item.output)
    return Message(turn.role, text, (), item.call_id if isinstance(item.call_id, str) else None, has_parts)


def calls_of(items: Sequence[Item]) -> tuple[ToolCall, ...]:
    """Calls of the client's own tools; those of the provider's are its business."""
    return tuple(
        ToolCall(
            item.call_id if isinstance(item.call_id, str) else "",
            item.name if isinstance(item.name, str) else "",
            str(value_in(item.arguments if item.type == "function_call" else item.input) or ""),
        )
        for item in items
        if item.type in ("function_call", "custom_tool_call")
    )


def fingerprint_of(turn: Turn) -> bytes:
    if turn.role == "system":
        return b""
    if turn.role == "assistant":
        text = "".join(text_of(item.content)[0] for item in turn.items if item.is_message)
        call_ids = [item.call_id for item in turn.items if isinstance(item.call_id, str)]
        last = turn.items[-1]
        if not text and not call_ids and last.type in (None, "item_reference"):
            return reference_to(last)
        return assistant_digest(text, call_ids)
    (item,) = turn.items
    said = bytes(item.content if item.is_message else item.output)
    return hashlib.blake2b(turn.role.encode() + b"\0" + said, digest_size=16).digest()


def reference_to(item: Item) -> bytes:
    """The digest of a turn that names its items, of which this is the last, in place of what they say."""
    named = item.id if isinstance(item.id, str) else ""
    return hashlib.blake2b(b"reference\0" + named.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def text_of(content: msgspec.Raw) -> tuple[str, bool]:
    """The text of a string or of text parts, and whether there is anything beside it."""
    if content is NULL:
        return "", False
    value = value_in(content)
    if isinstance(value, str):
        return value, False
    if not isinstance(value, list):
        return "", False
    texts = [part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return "".join(texts), len(texts) < len(value)


def all_text_of(content: msgspec.Raw) -> tuple[str, bool]:
    """Likewise, refusals too: a model reads them, and an answer is not known again by them."""
    value = value_in(content)
    if not isinstance(value, list):
        return text_of(content)
    said = [part[name] for part in value if isinstance(part, dict) for name in OF_PARTS if name in part]
    texts = [text for text in said if isinstance(text, str)]
    return "".join(texts), len(texts) < len(value)


def role_of(item: Item) -> Role | None:
    kind, role = item.type, item.role
    if kind == "message" or (kind is None and role is not None):
        return _ROLES.get(role, "user") if isinstance(role, str) else "user"
    if kind is None:
        return "assistant" if isinstance(item.id, str) else None  # A reference may leave out its type.
    if not isinstance(kind, str):
        return None
    if kind.endswith("_output") or kind == "mcp_approval_response":
        return "tool"
    return "assistant" if kind.endswith("_call") or kind in _MODEL_MADE else None
