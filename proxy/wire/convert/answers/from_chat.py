"""Reads chat completions: chunks that carry text, reasoning and calls side by side, a call known by its index."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.wire.convert.answers.protocol import NO_SUCH_PART
from proxy.wire.convert.pieces import (
    Arguments,
    Called,
    CallKind,
    Cited,
    Done,
    Finished,
    Piece,
    Reason,
    Refusal,
    Spent,
    Started,
    Text,
    Thought,
    Token,
    spent,
)
from proxy.wire.convert.requests.losses import Losses


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Custom(msgspec.Struct):
    name: str | None = None
    input: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None
    custom: _Custom | None = None


class _Page(msgspec.Struct):
    url: str = ""
    title: str | None = None
    start_index: int | None = 0
    end_index: int | None = 0


class _Annotation(msgspec.Struct):
    type: str = "url_citation"
    url_citation: _Page | None = None


class _Part(msgspec.Struct):
    """Of content in parts, as some models send that think."""

    type: str = "text"
    text: str | None = None
    thinking: "str | list[_Part] | None" = None


class _Said(msgspec.Struct):
    content: str | list[_Part] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    annotations: list[_Annotation] | None = None
    audio: Any = None
    images: Any = None
    function_call: Any = None


class _Logprobs(msgspec.Struct):
    content: list[Token] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None
    stop_reason: Any = None
    logprobs: _Logprobs | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Answer(msgspec.Struct):
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    service_tier: str | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer, strict=False)
_dumps: Final = msgspec.json.Encoder().encode
_NO_FUNCTION: Final = _Function()
_NO_INPUT: Final = _InputDetails()
_NO_OUTPUT: Final = _OutputDetails()
_REASONS: Final[dict[str, Reason]] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


class _Open:
    """A call whose pieces still come. Its name may come later than its first piece."""

    __slots__ = ("id", "name", "part", "waiting")

    def __init__(self, part: int) -> None:
        self.part = part
        self.id = ""
        self.name: str | None = None
        self.waiting = ""


class ChatReader:
    """`id` makes the ids of calls that came without one."""

    def __init__(self, id: str, losses: Losses) -> None:
        self._id = id
        self._losses = losses
        self._started = False
        self._finished = False
        self._tier: str | None = None
        self._parts = 0
        self._kind: type[Text | Thought | Refusal] | None = None
        self._part = 0
        self._calls: list[_Open] = []
        self._by_index: dict[int, _Open] = {}

    def event(self, data: bytes) -> Sequence[Piece]:
        return self._read(_ANSWER.decode(data))

    def end(self) -> Sequence[Piece]:
        pieces: list[Piece] = [] if self._started else [Started("")]
        if not self._finished:
            self._finish(_Choice(finish_reason="stop"), pieces)
        return pieces

    def whole(self, body: bytes) -> Sequence[Piece]:
        answer = _ANSWER.decode(body)
        if not answer.choices:
            raise ValueError("it has no choices")
        return [*self._read(answer), *self.end()]

    def _read(self, answer: _Answer) -> list[Piece]:
        pieces: list[Piece] = []
        if not self._started:
            self._started = True
            pieces.append(Started(answer.model or ""))
        if answer.service_tier is not None:
            self._tier = answer.service_tier
        for choice in answer.choices or ():
            if choice.index == 0 and not self._finished:
                said = choice.delta or choice.message
                if said is not None:
                    self._read_said(said, choice.logprobs, pieces)
                if choice.finish_reason:
                    self._finish(choice, pieces)
        if answer.usage is not None and (found := _spent(answer.usage)) is not None:
            pieces.append(found)
        return pieces

    def _read_said(self, said: _Said, logprobs: _Logprobs | None, pieces: list[Piece]) -> None:
        if thought := said.reasoning_content or said.reasoning:
            pieces.append(Thought(self._part_of(Thought, pieces), thought))
        tokens = logprobs.content if logprobs is not None else None
        if isinstance(said.content, list):
            self._read_parts(said.content, pieces)
        elif said.content or tokens:
            pieces.append(Text(self._part_of(Text, pieces), said.content or "", tokens))
        if said.refusal:
            pieces.append(Refusal(self._part_of(Refusal, pieces), said.refusal))
        for note in said.annotations or ():
            if (page := note.url_citation) is not None and page.url:
                part = self._part_of(Text, pieces)
                pieces.append(Cited(part, page.url, page.title or "", page.start_index or 0, page.end_index or 0))
        for call in said.tool_calls or ():
            self._read_call(call, pieces)
        for name, found in (("audio", said.audio), ("images", said.images), ("function_call", said.function_call)):
            if found:
                self._losses.note(f"message.{name}", NO_SUCH_PART)

    def _part_of(self, kind: type[Text | Thought | Refusal], pieces: list[Piece]) -> int:
        """The part that goes on where one of this kind is open, else a new one."""
        if self._kind is not kind:
            self._close(pieces)
            self._kind = kind
            self._part = self._parts = self._parts + 1
        return self._part

    def _close(self, pieces: list[Piece]) -> None:
        if self._kind is not None:
            self._kind = None
            pieces.append(Done(self._part))

    def _read_parts(self, parts: Sequence[_Part], pieces: list[Piece]) -> None:
        for part in parts:
            if part.thinking is not None:
                inner = part.thinking
                thought = inner if isinstance(inner, str) else "".join(each.text or "" for each in inner)
                if thought:
                    pieces.append(Thought(self._part_of(Thought, pieces), thought))
            elif part.text:
                pieces.append(Text(self._part_of(Text, pieces), part.text))

    def _read_call(self, call: _Call, pieces: list[Piece]) -> None:
        if call.custom is not None:
            name, text = call.custom.name, call.custom.input or ""
        else:
            function = call.function or _NO_FUNCTION
            name, text = function.name, _text(function.arguments)
        found = self._by_index.get(call.index) if call.index is not None else None
        # Some number all calls alike, and send each whole: a name that comes with another id is another call's.
        if found is None or (name and call.id and found.name is not None and call.id != found.id):
            self._close(pieces)
            self._parts += 1
            found = _Open(self._parts)
            self._calls.append(found)
            if call.index is not None:
                self._by_index[call.index] = found
        if found.name is not None:
            if text:
                pieces.append(Arguments(found.part, text))
            return
        found.id = found.id or call.id or ""
        found.waiting += text
        if name:
            self._begin(found, name, pieces, "function" if call.custom is None else "custom")

    def _begin(self, call: _Open, name: str, pieces: list[Piece], kind: CallKind = "function") -> None:
        call.name = name
        call.id = call.id or f"call_{self._id}{call.part:02x}"
        pieces.append(Called(call.part, call.id, name, kind))
        if call.waiting:
            pieces.append(Arguments(call.part, call.waiting))

    def _finish(self, choice: _Choice, pieces: list[Piece]) -> None:
        self._finished = True
        self._close(pieces)
        # No call is known to be complete, so none is said to be.
        for call in self._calls:
            if call.name is None:
                self._begin(call, "", pieces)
        reason = _REASONS.get(choice.finish_reason or "", "stop")
        if self._calls and reason == "stop":
            reason = "tool_calls"
        # vLLM tells in a field of its own which stop sequence it was.
        met = choice.stop_reason if isinstance(choice.stop_reason, str) else None
        pieces.append(Finished(reason, met, self._tier))


def _text(arguments: str | dict[str, Any] | None) -> str:
    """Some send the arguments as the object that their text stands for."""
    if isinstance(arguments, dict):
        return _dumps(arguments).decode()
    return arguments or ""


def _spent(usage: _Usage) -> Spent | None:
    read, wrote = usage.prompt_tokens_details or _NO_INPUT, usage.completion_tokens_details or _NO_OUTPUT
    return spent(
        usage.prompt_tokens or 0,
        usage.completion_tokens or 0,
        read.cached_tokens or 0,
        read.cache_write_tokens or 0,
        wrote.reasoning_tokens or 0,
    )
