"""What is read of an answer, or of a chunk of one, and what the model says there, channel by channel.

`Channel.item` is the index of a tool call for its arguments, and -2 less the index for the input of a custom tool; -1
is the `function_call` of old. Reasoning has the item of the field it stands in, and text that was spoken is text 1.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from middleware.messages import Channel, Piece
from proxy.wire.chat.calls import Call, Called
from proxy.wire.half_characters import without_halves
from proxy.wire.usage import TokenCounts

FUNCTION_CALL: Final = -1
REASONING_CONTENT, REASONING, THINKING = range(3)
"""As the providers name it: DeepSeek and others, vLLM and OpenRouter, and in the parts of a content, Mistral."""

WRITTEN, SPOKEN = range(2)


class Part(msgspec.Struct):
    """Of content in parts, as some models send that think."""

    type: str = "text"
    text: str | None = None
    thinking: "str | list[Part] | None" = None


class Audio(msgspec.Struct):
    transcript: str | None = None


class Said(msgspec.Struct):
    content: str | list[Part] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    function_call: Called | None = None
    audio: Audio | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join([part.text or "" for part in self.content or ()])


class Choice(msgspec.Struct):
    index: int = 0
    delta: Said | None = None
    message: Said | None = None
    finish_reason: str | None = None

    @property
    def said(self) -> Said:
        return self.message or self.delta or NOTHING_SAID


class Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: TokenCounts | None = None


NOTHING_SAID: Final = Said()
_ANSWER: Final = msgspec.json.Decoder(Answer, strict=False)
_S = TypeVar("_S", bound=msgspec.Struct)


def read_answer(data: bytes) -> Answer:
    """What is not of the documented shape is passed on as it is; what stands beside it is read all the same."""
    try:
        return _ANSWER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_in_part(data)


def pieces_of(answer: Answer) -> Sequence[Piece]:
    found = [
        piece
        for choice in answer.choices or ()
        for said in (choice.message, choice.delta)
        for piece in (_pieces(choice.index, said) if said else ())
    ]
    if len(found) < 2 or len({piece.channel for piece in found}) == len(found):
        return found
    texts: dict[Channel, str] = {}
    for channel, text in found:
        texts[channel] = texts.get(channel, "") + text
    return [Piece(channel, text) for channel, text in texts.items()]


def item_of(call: Call, place: int) -> int:
    """`place` is where it stands among the calls of its chunk: whoever leaves out the index sends calls whole."""
    index = place if call.index is None else call.index
    return index if call.custom is None else FUNCTION_CALL - 1 - index


def thoughts_in(parts: Sequence[Part]) -> str:
    thoughts = [part.thinking for part in parts if part.thinking]
    return "".join([each if isinstance(each, str) else "".join([p.text or "" for p in each]) for each in thoughts])


def _pieces(choice: int, said: Said) -> Iterator[Piece]:
    if said.reasoning_content:
        yield Piece(Channel(choice, "reasoning", REASONING_CONTENT), said.reasoning_content)
    if said.reasoning:
        yield Piece(Channel(choice, "reasoning", REASONING), said.reasoning)
    if isinstance(said.content, list) and (thought := thoughts_in(said.content)):
        yield Piece(Channel(choice, "reasoning", THINKING), thought)
    if said.content and (text := said.text):
        yield Piece(Channel(choice, "text", WRITTEN), text)
    if said.audio is not None and said.audio.transcript:
        yield Piece(Channel(choice, "text", SPOKEN), said.audio.transcript)
    if said.refusal:
        yield Piece(Channel(choice, "refusal"), said.refusal)
    if said.function_call is not None and (text := said.function_call.text):
        yield Piece(Channel(choice, "arguments", FUNCTION_CALL), text)
    for place, call in enumerate(said.tool_calls or ()):
        if text := call.called.text:
            yield Piece(Channel(choice, "arguments", item_of(call, place)), text)


def _read_in_part(data: bytes) -> Answer:
    try:
        document = msgspec.json.decode(without_halves(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Answer()
    answer = _fitting(Answer, document)
    if answer.choices is None and isinstance(document, dict):
        answer.choices = [_choice(each) for each in _list(document.get("choices"))]
    return answer


def _choice(document: Any) -> Choice:
    choice = _fitting(Choice, document)
    if not isinstance(document, dict):
        return choice
    choice.delta = choice.delta or _said(document.get("delta"))
    choice.message = choice.message or _said(document.get("message"))
    return choice


def _said(document: Any) -> Said | None:
    if not isinstance(document, dict):
        return None
    said = _fitting(Said, document)
    if said.tool_calls is None:
        said.tool_calls = [_fitting(Call, each) for each in _list(document.get("tool_calls"))]
    if said.content is None:
        said.content = [_fitting(Part, each) for each in _list(document.get("content"))]
    return said


def _fitting(kind: type[_S], document: Any) -> _S:
    """With the fields that are of the documented shape."""
    found = kind()
    for field in msgspec.structs.fields(kind) if isinstance(document, dict) else ():
        if field.name in document:
            try:
                setattr(found, field.name, msgspec.convert(document[field.name], field.type, strict=False))
            except msgspec.ValidationError:
                continue
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
