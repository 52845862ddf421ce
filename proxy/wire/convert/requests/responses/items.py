"""The items of a Responses input: messages, reasoning, calls and what they gave."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from proxy.wire.convert.conversation import Item, Message, Reasoning, Role, Text, ToolCall, ToolResult
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA
from proxy.wire.convert.requests.reading import Fields, Value, word
from proxy.wire.convert.requests.responses.offers import Offers
from proxy.wire.convert.requests.responses.parts import read_content
from proxy.wire.convert.requests.tools import SEARCH
from proxy.wire.convert.sealed import opened

Referred: TypeAlias = Callable[[str], bytes | None]
"""Finds an item of an earlier answer by its id."""

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
_LEFT_OUT: Final = {
    "web_search_call": "what was found is in the answer that follows",
    "mcp_list_tools": "it lists tools of a server that this call does not offer",
}
_dumps: Final = msgspec.json.Encoder().encode


def read_items(values: Sequence[Value], offers: Offers, losses: Losses, referred: Referred) -> list[Item]:
    items: list[Item] = []
    for value in values:
        fields = value.fields()
        kind = _kind(fields)
        if kind == "item_reference":
            fields = _referred(fields, referred)
            kind = _kind(fields)
        # What the API itself gave its items.
        fields.skip("id", "status", "created_by")
        if (item := _read(kind, fields, offers, losses)) is not None:
            items.append(item)
        fields.close(losses, EXTRA)
    return items


def _kind(item: Fields) -> str:
    return item.text("type") or ("message" if item.get("role") is not None else "item_reference")


def _referred(item: Fields, referred: Referred) -> Fields:
    """The item that is named in place of being sent."""
    found = referred(item.need("id").text())
    if found is None:
        raise refused(item.path, "the upstream keeps no items to refer to; send the item itself")
    return Value(msgspec.Raw(found), item.path).fields()


def _read(kind: str, item: Fields, offers: Offers, losses: Losses) -> Item | None:
    match kind:
        case "message":
            role = _ROLES[word(item.need("role"), _ROLES)]
            return Message(role, read_content(item.get("content"), losses), item.path_of("content"))
        case "reasoning":
            return _read_reasoning(item)
        case "function_call":
            arguments = item.need("arguments").text()
            return _call(item, item.need("name").text(), arguments)
        case "custom_tool_call":
            return _call(item, item.need("name").text(), item.need("input").text(), custom=True)
        case "function_call_output" | "custom_tool_call_output":
            item.skip("name", "namespace")
            parts = read_content(item.get("output"), losses)
            return ToolResult(_call_id(item), parts, custom=kind.startswith("custom"), path=item.path_of("output"))
        case "tool_search_call" | "tool_search_output":
            return _read_search(kind, item, offers, losses)
        case "additional_tools":
            item.skip("role")
            offers.read(item.need("tools").items(), losses)
            return None
        case _ if kind in _LEFT_OUT:
            losses.note(item.path, _LEFT_OUT[kind])
            item.skip(*item.unread())
            return None
        case _:
            raise refused(item.path, f"only the Responses API has items of type {kind[:64]!r}; leave it out")


def _call_id(item: Fields) -> str:
    return item.text("call_id") or item.text("id") or ""


def _call(item: Fields, name: str, arguments: str, *, custom: bool = False) -> ToolCall:
    return ToolCall(_call_id(item), name, arguments, custom, item.text("namespace"), path=item.path)


def _read_reasoning(item: Fields) -> Reasoning:
    sealed = item.text("encrypted_content")
    return Reasoning(
        text="\n\n".join(part.fields().need("text").text() for part in item.items("content")),
        summary=tuple(part.fields().need("text").text() for part in item.items("summary")),
        seal=opened(sealed, "openai") if sealed else None,
        path=item.path,
    )


def _read_search(kind: str, item: Fields, offers: Offers, losses: Losses) -> Item | None:
    """A search that the client makes is a call like others; what it finds is offered from then on."""
    by_client = item.text("execution") == "client"
    if kind == "tool_search_call":
        arguments = item.get("arguments")
        if not by_client:
            return None
        text = "" if arguments is None else arguments.text() if arguments.kind == "text" else _exact(arguments)
        return _call(item, SEARCH, text)
    found = Offers()
    found.read(item.need("tools").items(), losses)
    loaded = found.tools + found.deferred
    offers.tools += loaded
    if not by_client:
        return None
    names = [{"name": tool.name, **({"namespace": tool.namespace} if tool.namespace else {})} for tool in loaded]
    return ToolResult(_call_id(item), (Text(_dumps({"tools": names}).decode()),), path=item.path)


def _exact(value: Value) -> str:
    return bytes(value.raw).decode()
