"""Reads the turns and the tools out of a request's document, for each API."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from tests.support.upstream.memory import Item, Memory
from tests.support.upstream.paths import api_of
from tests.support.upstream.turns import Called, OfferedTool, Said, Told, Turn

Document: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[Document, Memory], tuple[Iterable[Turn], Iterable[OfferedTool]]]


def reader_for(path: str) -> Reader:
    match api_of(path):
        case "responses":
            return lambda document, memory: (_of_responses(document, memory), _tools(document))
        case "completions":
            return lambda document, memory: ((Said("user", prompt) for prompt in prompts(document)), ())
        case _:
            return lambda document, memory: (_of_messages(document), _tools(document))


def input_items(document: Document) -> list[Item]:
    """The input of Responses as a list of items, which a string may stand for."""
    match document.get("input"):
        case str(text):
            return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}]
        case list(items):
            return [item for item in items if isinstance(item, dict)]
        case _:
            return []


def prompts(document: Document) -> list[str]:
    """The prompts of a legacy completion; token ids are written out as numbers."""
    match document.get("prompt"):
        case str(text):
            return [text]
        case [int(), *_] as tokens:
            return [" ".join(map(str, tokens))]
        case list(several):
            return [each if isinstance(each, str) else " ".join(map(str, each)) for each in several]
        case _:
            return []


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return ""


def _of_messages(document: Document) -> Iterator[Turn]:
    """Chat completions and Messages: what differs between them is told by the fields."""
    if system := text_of(document.get("system")):
        yield Said("system", system)
    messages = document.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        content = message.get("content")
        if message.get("role") == "tool":
            yield Told(str(message.get("tool_call_id")), text_of(content))
            continue
        blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
        results = [block for block in blocks if block.get("type") == "tool_result"]
        if text := text_of(content):
            yield Said(str(message.get("role")), text)
        for call in message.get("tool_calls") or []:
            yield Called(str(call.get("id")), (call.get("function") or call.get("custom") or {}).get("name", "tool"))
        for block in blocks:
            if block.get("type") == "tool_use":
                yield Called(str(block.get("id")), block.get("name", "tool"))
        for block in results:
            yield Told(str(block.get("tool_use_id")), text_of(block.get("content")))


def _of_responses(document: Document, memory: Memory) -> Iterator[Turn]:
    if instructions := text_of(document.get("instructions")):
        yield Said("system", instructions)
    for item in (*memory.before(document), *input_items(document)):
        kind = str(item.get("type", "message"))
        if kind == "message":
            yield Said(str(item.get("role")), text_of(item.get("content")))
        elif kind in {"function_call", "custom_tool_call"}:
            yield Called(str(item.get("call_id")), item.get("name", "tool"))
        elif kind in {"function_call_output", "custom_tool_call_output"}:
            yield Told(str(item.get("call_id")), text_of(item.get("output")))


def _tools(document: Document) -> Iterator[OfferedTool]:
    """Those a model can call; what a provider runs itself is not among them."""
    tools = document.get("tools")
    for offered in tools if isinstance(tools, list) else ():
        match offered:
            case {"input_schema": dict(schema), "name": str(name)}:
                yield OfferedTool(name, schema)
            case {"type": "custom", "custom": {"name": str(name)}} | {"type": "custom", "name": str(name)}:
                yield OfferedTool(name, {}, custom=True)
            case {"function": {"name": str(name)} as function} | ({"type": "function", "name": str(name)} as function):
                yield OfferedTool(name, function.get("parameters") or {})
