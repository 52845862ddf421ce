"""Tools and the choice among them, in the words of the Messages API.

Server tools cannot be had elsewhere. Those that look something up are left out where the client offers tools of its own
beside them, as coding agents do in every call; a call that offers nothing else is refused, and so is every other kind.
"""

from typing import Any, Final

from proxy.wire.convert.conversation import CacheMark, Conversation, Tool, ToolChoice
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA, read_mark
from proxy.wire.convert.requests.reading import Fields, Value, word
from proxy.wire.convert.requests.tools import ANYTHING, only_allowed

_LOOKS_UP: Final = ("web_search_", "web_fetch_")
_FINDS_TOOLS: Final = "tool_search_tool_"
_CHOICES: Final = frozenset({"auto", "any", "tool", "none"})
_LIFETIMES: Final = {"30m": "1h", "12h": "1h"}


def read_tools(fields: Fields, losses: Losses) -> list[Tool]:
    tools: list[Tool] = []
    left_out: list[str] = []
    for value in fields.items("tools"):
        tool = value.fields()
        kind = tool.text("type") or "custom"
        if kind == "custom":
            tools.append(_read_tool(tool, losses))
        elif kind.startswith(_LOOKS_UP):
            losses.note(value.path, f"only the Messages API has {kind[:64]}; the model has to do without")
            left_out.append(value.path)
        elif kind.startswith(_FINDS_TOOLS):
            losses.note(value.path, "the upstream searches no tools; all of them are offered at once")
        else:
            raise refused(value.path, f"only the Messages API has {kind[:64]}; use an upstream that speaks it")
    if left_out and not tools:
        raise refused(left_out[0], "this call offers nothing else, and only the Messages API has it")
    return tools


def _read_tool(tool: Fields, losses: Losses) -> Tool:
    # How its arguments are streamed, and when it is told of, is the provider's affair.
    tool.skip("eager_input_streaming", "defer_loading")
    found = Tool(
        tool.need("name").text(),
        tool.text("description"),
        tool.object("input_schema"),
        tool.flag("strict"),
        cache=read_mark(tool),
        path=tool.path,
    )
    tool.close(losses, EXTRA)
    return found


def read_choice(value: Value | None) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether calls may be parallel."""
    if value is None:
        return None, None
    choice = value.fields()
    single = choice.flag("disable_parallel_tool_use")
    parallel = None if single is None else not single
    match word(choice.need("type"), _CHOICES):
        case "tool":
            return ToolChoice("tool", (choice.need("name").text(),)), parallel
        case "any":
            return ToolChoice("required"), parallel
        case "none":
            return ToolChoice("none"), parallel
        case _:
            return ToolChoice("auto"), parallel


def write_offers(talk: Conversation, body: dict[str, Any], marks: "Marks", losses: Losses) -> None:
    tools, choice = only_allowed(talk.tools, talk.choice)
    if not tools:
        for name in ("choice", "parallel"):
            if getattr(talk, name) is not None:
                losses.note(talk.called(name), "no tools are offered")
        return
    body["tools"] = [_write_tool(tool, marks) for tool in tools]
    if choice is not None or talk.parallel is not None:
        body["tool_choice"] = _write_choice(choice or ToolChoice("auto"), talk.parallel)


def _write_tool(tool: Tool, marks: "Marks") -> dict[str, Any]:
    found: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        found["description"] = tool.description
    found["input_schema"] = tool.schema or ANYTHING
    if tool.strict:
        found["strict"] = True
    marks.put(found, tool.cache)
    return found


def _write_choice(choice: ToolChoice, parallel: bool | None) -> dict[str, Any]:
    if choice.mode == "none":
        return {"type": "none"}
    single = {} if parallel is None else {"disable_parallel_tool_use": not parallel}
    match choice.mode:
        case "tool":
            return {"type": "tool", "name": choice.names[0], **single}
        case "required":
            return {"type": "any", **single}
        case _:
            return {"type": "auto", **single}


class Marks:
    """Cache marks as they are put: the API takes four, and the last ones save the most."""

    _MOST: Final = 4

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._put: list[dict[str, Any]] = []

    def put(self, block: dict[str, Any], mark: CacheMark | None) -> None:
        if mark is None:
            return
        ttl = mark.ttl if mark.dialect == "anthropic" else _LIFETIMES.get(mark.ttl or "")
        block["cache_control"] = {"type": "ephemeral", **({"ttl": ttl} if ttl is not None else {})}
        self._put.append(block)

    def settle(self) -> None:
        for block in self._put[: -self._MOST]:
            del block["cache_control"]
            self._losses.note(
                "cache_control", f"the Messages API takes {self._MOST} cache marks; the first are left out"
            )
