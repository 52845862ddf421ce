"""Tools and the choice among them, in the words of the Responses API.

Of the tools that the provider runs itself none can be had elsewhere. Those a client offers only so that the model may
look something up or draw, beside tools of its own, are left out: codex offers them in every call. A call that offers
nothing else, or demands one of them, is refused, and so is every other kind: what it does would be missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from proxy.wire.convert.conversation import Conversation, Json, Tool, ToolChoice
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA, read_mark
from proxy.wire.convert.requests.reading import Fields, Value, word
from proxy.wire.convert.requests.tools import ANYTHING, SEARCH, flat_choice, flat_name

_MODES: Final = frozenset({"none", "auto", "required"})
_ALLOWED_MODES: Final = frozenset({"auto", "required"})
_OPTIONAL: Final = ("web_search", "image_generation")
"""What these types begin with: they have dates in their names."""


@dataclass(slots=True)
class Offers:
    """What has been found of tools, in the request and in its items."""

    tools: list[Tool] = field(default_factory=list)
    deferred: list[Tool] = field(default_factory=list)
    """Not to be told before a search has found them."""
    left_out: list[str] = field(default_factory=list)
    """Paths of tools that only this API has."""

    def read(self, tools: list[Value], losses: Losses) -> None:
        for value in tools:
            self._read(value, losses)

    def _read(self, value: Value, losses: Losses) -> None:
        tool = value.fields()
        kind = tool.need("type").text()
        if kind in ("function", "custom"):
            self._add(_read_tool(tool, kind, None, losses), tool)
        elif kind == "namespace":
            for found, fields in _read_namespace(tool, losses):
                self._add(found, fields)
        elif kind == SEARCH:
            self._read_search(tool, losses)
        elif kind.startswith(_OPTIONAL):
            losses.note(value.path, f"only the Responses API has {kind[:64]}; the model has to do without")
            self.left_out.append(value.path)
            return
        else:
            raise refused(value.path, f"only the Responses API has {kind[:64]}; use an upstream that speaks it")
        tool.close(losses, EXTRA)

    def _add(self, tool: Tool, fields: Fields) -> None:
        (self.deferred if fields.flag("defer_loading") else self.tools).append(tool)

    def _read_search(self, tool: Fields, losses: Losses) -> None:
        if tool.text("execution") == "client":
            schema = tool.object("parameters")
            self.tools.append(Tool(SEARCH, tool.text("description"), schema, kind="search", path=tool.path))
        else:
            tool.skip("description", "parameters")
            losses.note(tool.path, "the upstream searches no tools; all of them are offered at once")

    def told(self, choice: ToolChoice | None) -> list[Tool]:
        """The tools to tell the model of."""
        searched = any(tool.kind == "search" for tool in self.tools)
        found = self.tools if searched else self.tools + self.deferred
        if self.left_out and not found and (choice is None or choice.mode != "none"):
            raise refused(self.left_out[0], "this call offers nothing else, and only the Responses API has it")
        return found


def _read_tool(tool: Fields, kind: str, namespace: str | None, losses: Losses) -> Tool:
    name = tool.need("name").text()
    description = tool.text("description")
    mark = read_mark(tool)
    if kind == "custom":
        return Tool(
            name,
            description,
            kind="custom",
            format=tool.object("format"),
            namespace=namespace,
            cache=mark,
            path=tool.path,
        )
    schema, strict = tool.object("parameters"), tool.flag("strict")
    return Tool(name, description, schema, strict, namespace=namespace, cache=mark, path=tool.path)


def _read_namespace(space: Fields, losses: Losses) -> Iterator[tuple[Tool, Fields]]:
    name = space.need("name").text()
    about = space.text("description")
    for value in space.need("tools").items():
        tool = value.fields()
        kind = word(tool.need("type"), frozenset({"function", "custom"}))
        found = _read_tool(tool, kind, name, losses)
        if about:
            # The model sees all tools at once: the first tells what they have in common.
            found = replace(found, description=f"{about}\n\n{found.description or ''}".rstrip())
            about = None
        yield found, tool
        tool.close(losses, EXTRA)


def read_choice(value: Value | None) -> ToolChoice | None:
    if value is None:
        return None
    if value.kind == "text":
        mode = word(value, _MODES)
        return ToolChoice("none" if mode == "none" else "required" if mode == "required" else "auto")
    choice = value.fields()
    kind = choice.need("type").text()
    if kind in ("function", "custom"):
        return ToolChoice("tool", (choice.need("name").text(),))
    if kind != "allowed_tools":
        raise refused("tool_choice", f"only the Responses API has {kind[:64]}; choose one of your own tools")
    required = word(choice.need("mode"), _ALLOWED_MODES) == "required"
    names = tuple(name for tool in choice.need("tools").items() if (name := _allowed_name(tool.fields())) is not None)
    if not names:
        raise refused("tool_choice.tools", "only the Responses API has these; allow one of your own tools")
    return ToolChoice("required" if required else "auto", names)


def _allowed_name(tool: Fields) -> str | None:
    kind = tool.need("type").text()
    if kind in ("function", "custom", "namespace"):
        return tool.need("name").text()
    return SEARCH if kind == SEARCH else None


def write_offers(talk: Conversation, body: dict[str, Any], losses: Losses) -> None:
    if not talk.tools:
        for name in ("choice", "parallel"):
            if getattr(talk, name) is not None:
                losses.note(talk.called(name), "no tools are offered")
        return
    body["tools"] = [_write_tool(tool, losses) for tool in talk.tools]
    if (choice := flat_choice(talk.choice, talk.tools)) is not None:
        body["tool_choice"] = _write_choice(choice, {flat_name(tool.name): tool.kind for tool in talk.tools})
    if talk.parallel is not None:
        body["parallel_tool_calls"] = talk.parallel


def _write_tool(tool: Tool, losses: Losses) -> dict[str, Any]:
    found: dict[str, Any] = {"type": tool.kind, "name": flat_name(tool.name)}
    if tool.description is not None:
        found["description"] = tool.description
    if tool.kind == "custom":
        if tool.format is not None:
            found["format"] = _flat_format(tool.format)
    else:
        found["parameters"] = tool.schema or ANYTHING
        # Left out, it means "where that is possible" in this API, and "no" in the others.
        found["strict"] = bool(tool.strict)
    if tool.cache is not None:
        losses.note(f"{tool.path}.cache_control", "the Responses API marks no tools for its cache")
    return found


def _write_choice(choice: ToolChoice, kinds: dict[str, str]) -> Any:
    if not choice.names:
        return choice.mode
    tools = [{"type": kinds.get(name, "function"), "name": name} for name in choice.names]
    return tools[0] if choice.mode == "tool" else {"type": "allowed_tools", "mode": choice.mode, "tools": tools}


_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _flat_format(format: Json) -> Any:
    """Chat completions puts a grammar in a field of its own."""
    try:
        fields = _FIELDS.decode(format)
        grammar = fields.pop("grammar", None)
        return format if grammar is None else {**fields, **_FIELDS.decode(grammar)}
    except (msgspec.DecodeError, RecursionError):
        return format
