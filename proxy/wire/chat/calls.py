"""Tool calls as both halves of the API write them, and the digest by which an answer is known again."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from middleware.messages import ToolCall
from records import JsonValue


class Function(msgspec.Struct):
    name: str = ""
    arguments: str | None = ""
    description: str | None = ""
    parameters: JsonValue = None


class Call(msgspec.Struct):
    id: str | None = ""
    function: Function = msgspec.field(default_factory=Function)


_CALLS: Final = msgspec.json.Decoder(list[Call])


def read_calls(raw: msgspec.Raw) -> Sequence[ToolCall]:
    try:
        return tool_calls(_CALLS.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return ()


def tool_calls(calls: Sequence[Call]) -> Sequence[ToolCall]:
    return tuple(ToolCall(call.id or "", call.function.name, call.function.arguments or "") for call in calls)


def assistant_digest(text: str, call_ids: Sequence[str]) -> bytes:
    # Clients trim what they replay, and pick which of text and calls they keep: ids are unique where there are any.
    said = "\0".join(call_ids) if any(call_ids) else text.strip()
    return hashlib.blake2b(b"assistant\0" + said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
