"""Reads Anthropic messages: content blocks, each begun, told and ended before the next."""

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.wire.convert.answers import shapes
from proxy.wire.convert.answers.protocol import NO_SUCH_PART
from proxy.wire.convert.pieces import (
    Arguments,
    Called,
    Cited,
    Done,
    Finished,
    Piece,
    Reason,
    Refusal,
    Sealed,
    Spent,
    Started,
    Text,
    Thought,
    spent,
)
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.sealed import opened
from proxy.wire.messages.reasons import finish_reason

_NONE: Final = msgspec.Raw(b"{}")


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None


class _Citation(msgspec.Struct):
    type: str = ""
    url: str | None = None
    title: str | None = None


class _Block(msgspec.Struct):
    type: str = ""
    text: str | None = None
    citations: list[_Citation] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _StopDetails(msgspec.Struct):
    explanation: str | None = None


class _Message(msgspec.Struct):
    model: str | None = None
    content: list[msgspec.Raw] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: _StopDetails | None = None
    usage: _Usage | None = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    signature: str | None = None
    citation: _Citation | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: _StopDetails | None = None


class _Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    delta: _Delta | None = None
    content_block: msgspec.Raw = _NONE
    message: _Message | None = None
    usage: _Usage | None = None


_EVENT: Final = msgspec.json.Decoder(_Event, strict=False)
_BLOCK: Final = msgspec.json.Decoder(_Block, strict=False)
_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_NO_MESSAGE: Final = _Message()
_EVENTS: Final = frozenset(
    {"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"}
)
_BLOCKS: Final = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_REFUSED: Final = -1
"""The part of a refusal, which is told with the end of the message and is no block of it."""
_REASONS: Final[dict[str, Reason]] = {
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}


class MessagesReader:
    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._started = False
        self._finished = False
        self._calls: set[int] = set()
        self._inputs: dict[int, str] = {}
        self._said = 0
        self._cited: list[tuple[str, str]] = []
        self._begun_at = 0
        self._usage: dict[str, int] = {}

    def event(self, data: bytes) -> Sequence[Piece]:
        event = shapes.read(_EVENT, data, _EVENTS)
        if event is None:
            return ()
        delta = event.delta
        if event.type == "content_block_delta" and delta is not None and self._started:
            return self._grow(event.index, delta)
        pieces: list[Piece] = []
        if event.type == "message_start" and event.message is not None:
            self._start(event.message, pieces)
        elif event.type == "content_block_start":
            self._start(_NO_MESSAGE, pieces)
            self._begin(event.index, event.content_block, pieces)
        elif event.type == "content_block_stop":
            self._end_block(event.index, pieces)
        elif event.type == "message_delta":
            self._start(_NO_MESSAGE, pieces)
            self._count(event.usage)
            if delta is not None and delta.stop_reason is not None:
                self._finish(delta.stop_reason, delta.stop_sequence, delta.stop_details, pieces)
        return pieces

    def end(self) -> Sequence[Piece]:
        pieces: list[Piece] = []
        self._start(_NO_MESSAGE, pieces)
        self._finish("end_turn", None, None, pieces)
        return pieces

    def whole(self, body: bytes) -> Sequence[Piece]:
        message = _MESSAGE.decode(body)
        if message.content is None:
            raise ValueError("it has no content")
        pieces: list[Piece] = []
        self._start(message, pieces)
        for index, block in enumerate(message.content):
            self._begin(index, block, pieces)
            self._end_block(index, pieces)
        self._finish(message.stop_reason or "end_turn", message.stop_sequence, message.stop_details, pieces)
        return pieces

    def _start(self, message: _Message, pieces: list[Piece]) -> None:
        if not self._started:
            self._started = True
            pieces.append(Started(message.model or ""))
        self._count(message.usage)

    def _begin(self, index: int, raw: msgspec.Raw, pieces: list[Piece]) -> None:
        block = shapes.read(_BLOCK, raw, _BLOCKS) or _Block(shapes.kind_of(raw))
        match block.type:
            case "text":
                self._begun_at = self._said
                if block.text:
                    pieces.append(self._say(index, block.text))
                for citation in block.citations or ():
                    self._cite(citation)
            case "thinking":
                if block.thinking:
                    pieces.append(Thought(index, block.thinking))
                if block.signature:
                    pieces.append(Sealed(index, opened(block.signature, "anthropic")))
            case "redacted_thinking" if block.data:
                pieces.append(Sealed(index, opened(block.data, "anthropic", redacted=True)))
            case "tool_use":
                self._calls.add(index)
                # A stream begins with an empty input; whoever puts all of it there sends no more.
                self._inputs[index] = bytes(block.input).decode()
                pieces.append(Called(index, block.id or "", block.name or ""))
            case kind:
                self._losses.note(f"content.{kind}", NO_SUCH_PART)

    def _grow(self, index: int, delta: _Delta) -> Sequence[Piece]:
        if delta.text:
            return (self._say(index, delta.text),)
        if delta.partial_json:
            self._inputs.pop(index, None)
            # Tools that the provider runs itself have inputs as well.
            return (Arguments(index, delta.partial_json),) if index in self._calls else ()
        if delta.thinking:
            return (Thought(index, delta.thinking),)
        if delta.signature:
            return (Sealed(index, opened(delta.signature, "anthropic")),)
        if delta.citation is not None:
            self._cite(delta.citation)
        return ()

    def _say(self, index: int, text: str) -> Text:
        self._said += len(text)
        return Text(index, text)

    def _cite(self, citation: _Citation) -> None:
        """Kept until its block is over: it is of all that the block says."""
        if citation.url:
            self._cited.append((citation.url, citation.title or ""))
        else:
            self._losses.note(f"citations.{citation.type}", NO_SUCH_PART)

    def _end_block(self, index: int, pieces: list[Piece]) -> None:
        pieces += [Cited(index, url, title, self._begun_at, self._said) for url, title in self._cited]
        self._cited.clear()
        if (input := self._inputs.pop(index, None)) is not None:
            pieces.append(Arguments(index, input))
        pieces.append(Done(index))

    def _count(self, usage: _Usage | None) -> None:
        """Later counts replace earlier ones; what they leave out stays."""
        if usage is not None:
            said = {name: getattr(usage, name) for name in usage.__struct_fields__ if getattr(usage, name) is not None}
            details = said.pop("output_tokens_details", None)
            self._usage.update(said)
            if details is not None and details.thinking_tokens is not None:
                self._usage["thinking_tokens"] = details.thinking_tokens

    def _finish(self, why: str, sequence: str | None, details: _StopDetails | None, pieces: list[Piece]) -> None:
        if self._finished:
            return
        self._finished = True
        if details is not None and details.explanation:
            pieces += [Refusal(_REFUSED, details.explanation), Done(_REFUSED)]
        reason = _REASONS.get(finish_reason(why), "stop")
        if self._calls and reason == "stop":
            reason = "tool_calls"
        pieces.append(Finished(reason, sequence))
        if (found := _spent(self._usage)) is not None:
            pieces.append(found)


def _spent(usage: dict[str, int]) -> Spent | None:
    """`input_tokens` leaves out those read from the cache and written to it."""
    if not usage:
        return None
    read, written = usage.get("cache_read_input_tokens", 0), usage.get("cache_creation_input_tokens", 0)
    total = usage.get("input_tokens", 0) + read + written
    return spent(total, usage.get("output_tokens", 0), read, written, usage.get("thinking_tokens", 0))
