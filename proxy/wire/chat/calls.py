"""Tool calls as both halves of the API write them."""

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
