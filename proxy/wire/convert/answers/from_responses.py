"""Reads responses: output items and their parts, known by their indexes, begun and done with events of their own."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.errors import UpstreamBroke
from proxy.wire.convert.answers import shapes
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
    Sealed,
    Spent,
    Started,
    Text,
    Thought,
    Token,
    spent,
)
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.sealed import opened


class _Annotation(msgspec.Struct):
    type: str = ""
    url: str | None = None
    title: str | None = None
    start_index: int | None = 0
    end_index: int | None = 0


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: list[_Annotation] | None = None
    logprobs: list[Token] | None = None


class _Item(msgspec.Struct):
    type: str = ""
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: str | dict[str, Any] | None = None
    input: str | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Error(msgspec.Struct):
    message: str | None = None


class _Response(msgspec.Struct):
    model: str | None = None
    status: str | None = None
    error: _Error | None = None
    incomplete_details: _Incomplete | None = None
    output: list[msgspec.Raw] | None = None
    usage: _Usage | None = None
    service_tier: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: str | None = None
    logprobs: list[Token] | None = None
    annotation: _Annotation | None = None
    item: msgspec.Raw = msgspec.Raw(b"{}")
    part: _Part | None = None
    response: _Response | None = None


_EVENT: Final = msgspec.json.Decoder(_Event, strict=False)
_RESPONSE: Final = msgspec.json.Decoder(_Response, strict=False)
_ITEM: Final = msgspec.json.Decoder(_Item, strict=False)
_dumps: Final = msgspec.json.Encoder().encode
_ITEMS: Final = frozenset({"message", "reasoning", "function_call", "custom_tool_call"})
_EVENTS: Final = frozenset(
    {
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.done",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.refusal.delta",
        "response.reasoning_text.delta",
        "response.reasoning_summary_text.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
        "response.completed",
        "response.incomplete",
        "response.failed",
    }
)
_CALLS: Final[dict[str, CallKind]] = {"function_call": "function", "custom_tool_call": "custom"}
_UNFINISHED: Final = ("queued", "in_progress")
_NO_INPUT: Final = _InputDetails()
_NO_OUTPUT: Final = _OutputDetails()
_SHIFT: Final = 20
"""A part is known by its item's index, and below that its own."""


class ResponsesReader:
    """What an upstream told in deltas is not told again; what it told only in the end is told then."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._started = False
        self._finished = False
        self._called = False
        self._texts: dict[int, int] = {}
        self._told: set[int] = set()
        self._noted: set[int] = set()
        self._paragraphs: dict[int, tuple[str, int]] = {}
        self._begun: set[int] = set()
        self._done: set[int] = set()
        self._ended: set[int] = set()

    def event(self, data: bytes) -> Sequence[Piece]:
        event = shapes.read(_EVENT, data, _EVENTS)
        if event is None:
            return ()
        pieces: list[Piece] = []
        part = (event.output_index << _SHIFT) + event.content_index
        match event.type:
            case "response.output_text.delta":
                self._say(part, event.delta or "", event.logprobs, pieces)
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                self._argue(event.output_index, event.delta, pieces)
            case "response.reasoning_text.delta":
                self._think(event.output_index, ("text", event.content_index), event.delta, pieces)
            case "response.reasoning_summary_text.delta":
                self._think(event.output_index, ("summary", event.summary_index), event.delta, pieces)
            case "response.refusal.delta":
                self._refuse(part, event.delta, pieces)
            case "response.output_text.annotation.added" if event.annotation is not None:
                self._note(part, event.annotation, pieces)
            case "response.content_part.done" if event.part is not None:
                self._end_part(part, event.part, pieces)
            case "response.output_item.added":
                self._begin_item(event.output_index, event.item, pieces)
            case "response.output_item.done":
                self._end_item(event.output_index, event.item, pieces)
            case "response.created" | "response.in_progress" if event.response is not None:
                self._start(event.response.model, pieces)
            case "response.completed" | "response.incomplete" | "response.failed" if event.response is not None:
                self._finish(event.response, pieces)
        return pieces

    def end(self) -> Sequence[Piece]:
        pieces: list[Piece] = []
        if not self._finished:
            self._finish(_Response(), pieces)
        return pieces

    def whole(self, body: bytes) -> Sequence[Piece]:
        response = _RESPONSE.decode(body)
        if response.output is None or response.status in _UNFINISHED:
            raise ValueError(f"its status is {response.status!r}, and it has no output to tell")
        pieces: list[Piece] = []
        self._finish(response, pieces)
        return pieces

    def _start(self, model: str | None, pieces: list[Piece]) -> None:
        if not self._started:
            self._started = True
            pieces.append(Started(model or ""))

    def _say(self, part: int, text: str, tokens: list[Token] | None, pieces: list[Piece]) -> None:
        self._start(None, pieces)
        self._texts[part] = self._texts.get(part, 0) + len(text)
        if text or tokens:
            pieces.append(Text(part, text, tokens or None))

    def _refuse(self, part: int, text: str | None, pieces: list[Piece]) -> None:
        self._start(None, pieces)
        self._told.add(part)
        if text:
            pieces.append(Refusal(part, text))

    def _think(self, index: int, paragraph: tuple[str, int], text: str | None, pieces: list[Piece]) -> None:
        """A thought is one text elsewhere: its paragraphs are told with an empty line between them."""
        self._start(None, pieces)
        before = self._paragraphs.setdefault(index, paragraph)
        self._paragraphs[index] = paragraph
        pieces.append(Thought(index << _SHIFT, ("" if before == paragraph else "\n\n") + (text or "")))

    def _argue(self, index: int, text: str | None, pieces: list[Piece]) -> None:
        if text and index in self._begun:
            self._told.add(index << _SHIFT)
            pieces.append(Arguments(index << _SHIFT, text))

    def _note(self, part: int, note: _Annotation, pieces: list[Piece]) -> None:
        self._noted.add(part)
        if not note.url:
            self._losses.note(f"annotations.{note.type}", NO_SUCH_PART)
            return
        self._start(None, pieces)
        self._texts.setdefault(part, 0)
        before = sum(length for each, length in self._texts.items() if each < part)
        start, end = before + (note.start_index or 0), before + (note.end_index or 0)
        pieces.append(Cited(part, note.url, note.title or "", start, end))

    def _end_part(self, part: int, document: _Part, pieces: list[Piece]) -> None:
        if part in self._done:
            return
        match document.type:
            case "output_text":
                if part not in self._texts:
                    self._say(part, document.text or "", document.logprobs, pieces)
                if part not in self._noted:
                    for note in document.annotations or ():
                        self._note(part, note, pieces)
            case "refusal":
                if part not in self._told:
                    self._refuse(part, document.refusal, pieces)
            case _:
                return  # Reasoning: it ends with its item.
        self._done.add(part)
        pieces.append(Done(part))

    def _begin_item(self, index: int, raw: msgspec.Raw, pieces: list[Piece]) -> _Item | None:
        item = shapes.read(_ITEM, raw, _ITEMS)
        if item is None or item.type not in _ITEMS:
            self._losses.note(f"output.{shapes.kind_of(raw)}", NO_SUCH_PART)
            return None
        self._start(None, pieces)
        if item.type in _CALLS and index not in self._begun:
            self._begun.add(index)
            self._called = True
            kind = _CALLS[item.type]
            pieces.append(Called(index << _SHIFT, item.call_id or "", item.name or "", kind, item.namespace))
        return item

    def _end_item(self, index: int, raw: msgspec.Raw, pieces: list[Piece]) -> None:
        part = index << _SHIFT
        if index in self._ended or (item := self._begin_item(index, raw, pieces)) is None:
            return
        self._ended.add(index)
        match item.type:
            case "message":
                for place, document in enumerate(item.content or ()):
                    self._end_part(part + place, document, pieces)
                return
            case "reasoning":
                if index not in self._paragraphs:
                    for kind, said in (("summary", item.summary), ("text", item.content)):
                        for place, document in enumerate(said or ()):
                            self._think(index, (kind, place), document.text, pieces)
                if item.encrypted_content:
                    pieces.append(Sealed(part, opened(item.encrypted_content, "openai")))
            case _ if part not in self._told:
                self._argue(index, _text(item), pieces)
        pieces.append(Done(part))

    def _finish(self, response: _Response, pieces: list[Piece]) -> None:
        if response.status in ("failed", "cancelled"):
            error = response.error.message if response.error is not None else None
            raise UpstreamBroke(error or f"the upstream's response is {response.status}")
        self._start(response.model, pieces)
        for index, item in enumerate(response.output or ()):
            self._end_item(index, item, pieces)
        self._finished = True
        cut = response.incomplete_details
        reason: Reason = "tool_calls" if self._called else "stop"
        if cut is not None or response.status == "incomplete":
            reason = "content_filter" if cut is not None and cut.reason == "content_filter" else "length"
        pieces.append(Finished(reason, tier=response.service_tier))
        if response.usage is not None and (found := _spent(response.usage)) is not None:
            pieces.append(found)


def _text(item: _Item) -> str:
    if isinstance(item.arguments, dict):
        return _dumps(item.arguments).decode()
    return item.arguments or item.input or ""


def _spent(usage: _Usage) -> Spent | None:
    read, wrote = usage.input_tokens_details or _NO_INPUT, usage.output_tokens_details or _NO_OUTPUT
    return spent(
        usage.input_tokens or 0,
        usage.output_tokens or 0,
        read.cached_tokens or 0,
        read.cache_write_tokens or 0,
        wrote.reasoning_tokens or 0,
    )
