"""Tools for upstreams that know only functions: names made flat, free text put in a field, and the way back.

Responses has tools in namespaces, tools that take free text, and a search for tools that the client runs. Elsewhere
each of them is a function; `Offered` tells what a call by that function's name is to the client.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import msgspec

from proxy.wire.convert.conversation import Json, Tool, ToolCall, ToolChoice
from proxy.wire.convert.requests.losses import refused

SEARCH: Final = "tool_search"
"""What the search for tools is called as a function."""

ANYTHING: Final = msgspec.Raw(b'{"type":"object","properties":{}}')
"""The schema of a tool that has none."""

INPUT: Final = "input"
"""The field of a function's arguments that holds what a custom tool takes."""

_FREE_TEXT: Final = msgspec.Raw(
    b'{"type":"object","properties":{"input":{"type":"string","description":"The whole input, as free text."}},'
    b'"required":["input"],"additionalProperties":false}'
)
_LONGEST: Final = 64
"""Characters in a function's name: https://platform.openai.com/docs/api-reference/chat/create."""

_dumps: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as the client knows it."""

    name: str
    namespace: str | None
    kind: Literal["function", "custom", "search"]


def flat_name(name: str, namespace: str | None = None) -> str:
    """The name of a tool where there are no namespaces. The same tool has the same in every call."""
    full = f"{namespace}__{name}" if namespace else name
    return full if len(full) <= _LONGEST else fitting(full, _LONGEST, of=full)


def fitting(text: str, longest: int, *, of: str) -> str:
    """`text` cut, and marked by what it was made of, so that two that are cut alike stay two."""
    digest = hashlib.blake2b(of.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{text[: longest - len(digest) - 1]}_{digest}"


def offered(tools: Sequence[Tool]) -> Mapping[str, Offered]:
    """The client's tools by the names an upstream knows them by."""
    found: dict[str, Offered] = {}
    for tool in tools:
        name = flat_name(tool.name, tool.namespace)
        mine = Offered(tool.name, tool.namespace, tool.kind)
        if found.setdefault(name, mine) != mine:
            raise refused(tool.path, f"another tool would be {name!r} to this upstream as well; rename one of them")
    return found


def as_functions(tools: Sequence[Tool]) -> list[Tool]:
    """A tool that is offered again replaces what it was."""
    offered(tools)
    found: dict[str, Tool] = {}
    for tool in tools:
        name = flat_name(tool.name, tool.namespace)
        found[name] = replace(tool, name=name, namespace=None, kind="function")
        if tool.kind == "custom":
            found[name] = replace(found[name], description=_with_grammar(tool), schema=_FREE_TEXT, format=None)
    return list(found.values())


def as_function_call(call: ToolCall) -> ToolCall:
    arguments = _dumps({INPUT: call.arguments}).decode() if call.custom else call.arguments
    return replace(call, name=flat_name(call.name, call.namespace), arguments=arguments, custom=False, namespace=None)


def flat_choice(choice: ToolChoice | None, tools: Sequence[Tool]) -> ToolChoice | None:
    """A choice by the names an upstream knows. A namespace stands for all that is in it."""
    if choice is None or not choice.names:
        return choice
    flat: dict[str, None] = {}
    for name in choice.names:
        found = [flat_name(tool.name, tool.namespace) for tool in tools if name in (tool.name, tool.namespace)]
        flat.update(dict.fromkeys(found or [flat_name(name)]))
    return replace(choice, names=tuple(flat))


def only_allowed(tools: Sequence[Tool], choice: ToolChoice | None) -> tuple[list[Tool], ToolChoice | None]:
    """The tools as functions, and of a choice among some of them an offer of just those."""
    functions = as_functions(tools)
    choice = flat_choice(choice, tools)
    if choice is None or choice.mode == "tool" or not choice.names:
        return functions, choice
    return [tool for tool in functions if tool.name in choice.names], ToolChoice(choice.mode)


def _with_grammar(tool: Tool) -> str:
    description = tool.description or ""
    if tool.format is None or (grammar := _grammar(tool.format)) is None:
        return description
    return f"{description}\n\nThe input must fit this {grammar}".lstrip()


class _Grammar(msgspec.Struct):
    """Chat completions nests what Responses has side by side."""

    type: str = ""
    syntax: str = ""
    definition: str = ""
    grammar: "_Grammar | None" = None


_GRAMMAR: Final = msgspec.json.Decoder(_Grammar)


def _grammar(format: Json) -> str | None:
    try:
        found = _GRAMMAR.decode(format)
    except (msgspec.DecodeError, RecursionError):
        return None
    found = found.grammar or found
    return f"{found.syntax} grammar:\n{found.definition}" if found.definition else None
