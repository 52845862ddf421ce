"""What was asked and what was answered, as plain text, whichever API's JSON they are in.

Lists show it and searches look in it; the bodies themselves stay in the record. Documents are read only as far as their
texts: embeddings, pictures and encrypted reasoning are passed over.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from stores.messages import Body

LIMIT: Final = 8192
"""Characters of a question or an answer that are kept for lists and searches."""


class Answered(NamedTuple):
    """What an answer says, and the calls of the agent's tools that it asks for, as `name(arguments)`."""

    text: str
    calls: tuple[str, ...]


class _Asked(msgspec.Struct):
    role: Any = None
    content: Any = None


class _Message(msgspec.Struct):
    content: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    text: Any = None


class _Item(msgspec.Struct):
    """Of a response's output. What a call holds depends on the tool."""

    type: Any = None
    content: Any = None
    name: Any = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    actions: Any = None
    operation: Any = None


class _Datum(msgspec.Struct):
    """Of a list of embeddings; `embedding` may be a long vector, or tell how long it was."""

    object: Any = None
    embedding: msgspec.Raw = msgspec.Raw(b"null")


class _Measured(msgspec.Struct):
    dimensions: int


class _Answer(msgspec.Struct):
    choices: list[_Choice] = []  # chat completions, and completions with `text`
    output: list[_Item] = []  # responses
    content: Any = None  # messages
    stop_details: Any = None
    data: list[_Datum] = []  # embeddings


_ASKED: Final = msgspec.json.Decoder(_Asked)
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_MEASURED: Final = msgspec.json.Decoder(_Measured)
_TEXT: Final = msgspec.json.Decoder(str)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])

_FIELDS: Final = ("input", "prompt")
"""Where a question stands that is no conversation."""

_AGENTS_OWN: Final = (
    "function_call",
    "custom_tool_call",
    "shell_call",
    "local_shell_call",
    "apply_patch_call",
    "computer_call",
)
"""The calls in a response's output that the agent has to answer; others are done when it reads of them."""


def question(body: Body) -> str:
    """The last message of the user that has any text, or the text that is to be completed or embedded.

    Empty when there is none.
    """
    try:
        for message in reversed(body.messages):
            if bytes(message)[:1] == b"{":
                said = _ASKED.decode(message)
                if said.role == "user" and (text := _plain(said.content)):
                    return text[:LIMIT]
        if body.conversation is None:
            for name in _FIELDS:
                if text := _texts(bytes(body.top.get(name, b""))):
                    return text
    except (msgspec.DecodeError, RecursionError):
        pass
    return ""


def answer(document: str) -> str:
    """What an answer says; the tool calls it asks for where it says nothing."""
    said = answered(document)
    return (said.text or "\n".join(said.calls))[:LIMIT]


def answered(document: str) -> Answered:
    """Of several choices the first. Both are empty where it is no answer, such as an error."""
    try:
        said = _ANSWER.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return Answered("", ())
    if said.choices:
        return _chosen(said.choices[0])
    if said.output:
        texts = [_plain(item.content) for item in said.output if item.type in ("message", None)]
        return Answered(_lines(texts), tuple(_output_calls(said.output)))
    if said.data and said.data[0].object == "embedding":
        return Answered(_counted(said.data), ())
    blocks = [block for block in _dicts(said.content) if block.get("type") == "tool_use"]
    calls = tuple(_call(block.get("name"), block.get("input")) for block in blocks)
    return Answered(_plain(said.content) or _why(said.stop_details), calls)


def _counted(embeddings: list[_Datum]) -> str:
    told = "1 embedding" if len(embeddings) == 1 else f"{len(embeddings)} embeddings"
    try:
        return f"{told} of {_MEASURED.decode(embeddings[0].embedding).dimensions} dimensions"
    except msgspec.DecodeError:
        return told


def _chosen(choice: _Choice) -> Answered:
    message = choice.message
    if message is None:
        return Answered(_plain(choice.text), ())
    text = _plain(message.content) or _plain(message.refusal)
    if message.tool_calls is None and message.function_call is None:
        return Answered(text, ())
    asked = (*_dicts(message.tool_calls), {"function": message.function_call})
    called = _dicts([call.get("function") or call.get("custom") for call in asked])
    calls = tuple(_call(call.get("name"), call.get("arguments", call.get("input"))) for call in called)
    return Answered(text, calls)


def _output_calls(output: Iterable[_Item]) -> Iterator[str]:
    for item in output:
        if item.type in _AGENTS_OWN:
            given = (item.arguments, item.input, item.action, item.actions, item.operation)
            yield _call(item.name or item.type, next((value for value in given if value is not None), None))


def _call(name: Any, arguments: Any) -> str:
    written = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    return f"{name}({'' if arguments is None else written})"


def _why(stop_details: Any) -> str:
    """The reason a model gives for refusing."""
    return next((why for details in _dicts([stop_details]) if isinstance(why := details.get("explanation"), str)), "")


def _texts(value: bytes) -> str:
    """A string, or those of a list; token ids are no text."""
    if value[:1] == b'"':
        return _TEXT.decode(value)[:LIMIT]
    found, length = [], 0
    if value[:1] == b"[" and value[1:].lstrip()[:1] == b'"':
        for item in _LIST.decode(value):
            if length > LIMIT:
                break
            text = _TEXT.decode(item)
            found.append(text)
            length += len(text) + 1
    return _lines(found)[:LIMIT]


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return _lines(
            text
            for part in content
            if isinstance(text := part.get("text") or part.get("refusal") if isinstance(part, dict) else part, str)
        )
    return ""


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))
