"""Tools and the choice among them, in the words of chat completions."""

from dataclasses import replace
from typing import Any, Final

from proxy.wire.convert.conversation import Conversation, Tool, ToolChoice
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.requests.media import EXTRA, read_mark
from proxy.wire.convert.requests.reading import Fields, Value, word
from proxy.wire.convert.requests.tools import ANYTHING, only_allowed

_MODES: Final = frozenset({"none", "auto", "required"})
_KINDS: Final = frozenset({"function", "custom"})
_CHOICES: Final = frozenset({"function", "custom", "allowed_tools"})
_ALLOWED_MODES: Final = frozenset({"auto", "required"})


def read_tools(fields: Fields, losses: Losses) -> list[Tool]:
    found = [_read_tool(tool, losses) for tool in fields.items("tools")]
    # What tools were before there were any others.
    found += [_read_function(function.fields(), function.path, losses) for function in fields.items("functions")]
    return found


def _read_tool(value: Value, losses: Losses) -> Tool:
    tool = value.fields()
    kind = tool.get("type")
    mark = read_mark(tool)
    if kind is not None and word(kind, _KINDS) == "custom":
        custom = tool.need("custom").fields()
        found = Tool(
            custom.need("name").text(),
            custom.text("description"),
            kind="custom",
            format=custom.object("format"),
            cache=mark,
            path=value.path,
        )
        custom.close(losses, EXTRA)
    else:
        found = _read_function(tool.need("function").fields(), value.path, losses)
        found = replace(found, cache=mark)
    tool.close(losses, EXTRA)
    return found


def _read_function(function: Fields, path: str, losses: Losses) -> Tool:
    found = Tool(
        function.need("name").text(),
        function.text("description"),
        function.object("parameters"),
        function.flag("strict"),
        path=path,
    )
    function.close(losses, EXTRA)
    return found


def read_choice(fields: Fields) -> ToolChoice | None:
    value = fields.get("tool_choice")
    legacy = fields.get("function_call")
    if value is None:
        value = legacy
    if value is None:
        return None
    if value.kind == "text":
        return _mode(word(value, _MODES))
    choice = value.fields()
    if value is legacy:
        return ToolChoice("tool", (choice.need("name").text(),))
    kind = word(choice.need("type"), _CHOICES)
    if kind != "allowed_tools":
        return ToolChoice("tool", (choice.need(kind).fields().need("name").text(),))
    allowed = choice.need("allowed_tools").fields()
    mode = word(allowed.need("mode"), _ALLOWED_MODES)
    names = tuple(_allowed_name(tool.fields()) for tool in allowed.need("tools").items())
    return ToolChoice("required" if mode == "required" else "auto", names)


def _mode(mode: str) -> ToolChoice:
    return ToolChoice("none" if mode == "none" else "required" if mode == "required" else "auto")


def _allowed_name(tool: Fields) -> str:
    return tool.need(word(tool.need("type"), _KINDS)).fields().need("name").text()


def write_offers(talk: Conversation, body: dict[str, Any], losses: Losses) -> None:
    """Servers that speak only this API know functions, and a choice of all tools, none or one."""
    tools, choice = only_allowed(talk.tools, talk.choice)
    if not tools:
        for name in ("choice", "parallel"):
            if getattr(talk, name) is not None:
                losses.note(talk.called(name), "no tools are offered")
        return
    body["tools"] = [_write_tool(tool, losses) for tool in tools]
    if choice is not None:
        body["tool_choice"] = _write_choice(choice)
    if talk.parallel is not None:
        body["parallel_tool_calls"] = talk.parallel


def _write_tool(tool: Tool, losses: Losses) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.schema or ANYTHING
    if tool.strict:
        function["strict"] = True
    if tool.cache is not None:
        losses.note(f"{tool.path}.cache_control", "the chat API marks no tools for its cache")
    return {"type": "function", "function": function}


def _write_choice(choice: ToolChoice) -> Any:
    if choice.mode != "tool":
        return choice.mode
    return {"type": "function", "function": {"name": choice.names[0]}}
