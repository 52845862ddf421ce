"""Tool calls as both halves of the API write them."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from middleware.messages import ToolCall


class Called(msgspec.Struct):
    """A function with its `arguments`, or a custom tool with its `input`. Some providers write arguments as objects."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None
    input: str | None = None

    @property
    def text(self) -> str:
        written = self.arguments or self.input or ""
        return written if isinstance(written, str) else msgspec.json.encode(written).decode()


class Call(msgspec.Struct):
    """A call, or in a stream a piece of the one at `index`."""

    index: int | None = None
    id: str | None = None
    function: Called | None = None
    custom: Called | None = None

    @property
    def called(self) -> Called:
        return self.function or self.custom or NOTHING_CALLED


NOTHING_CALLED: Final = Called()
_CALLED: Final = msgspec.json.Decoder(Called)
_CALLS: Final = msgspec.json.Decoder(list[Call])


def read_calls(raw: msgspec.Raw) -> Sequence[ToolCall]:
    try:
        return tool_calls(_CALLS.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return ()


def read_call(raw: msgspec.Raw) -> Sequence[ToolCall]:
    """The `function_call` of old, which has no id."""
    try:
        called = _CALLED.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return ()
    return (ToolCall("", called.name or "", called.text),)


def tool_calls(calls: Sequence[Call]) -> Sequence[ToolCall]:
    return tuple(ToolCall(call.id or "", call.called.name or "", call.called.text) for call in calls)
