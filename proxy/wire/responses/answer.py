"""Responses answers: an event of a stream, and a whole `response`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Self

import msgspec

from middleware.messages import Channel, Chunk, Completion, Delta, Piece, Settling, ToolCall, Unpacking
from proxy.wire import document, wanted
from proxy.wire.fingerprint import assistant_digest
from proxy.wire.format import WireChunk
from proxy.wire.responses import event
from proxy.wire.responses.items import Item, calls_of, fingerprint_of, reference_to, text_of, turns_of
from proxy.wire.responses.join import join_events
from proxy.wire.responses.output_text import message_id, with_output_text
from proxy.wire.responses.pieces import (
    FILTERED,
    FLOATING,
    delta_saying,
    ends,
    event_saying,
    pieces_in,
    pieces_of_response,
    refused,
    response_saying,
)
from proxy.wire.responses.raw import UNREADABLE, encode, value_in
from records import Usage

_TOKEN_BITS: Final = 40
_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}
_ENDS: Final = {"failed": "error", "cancelled": "cancelled"}


class _Details(msgspec.Struct):
    cached_tokens: int | None = 0
    reasoning_tokens: int | None = 0


class _Usage(msgspec.Struct):
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    status: str | None = None
    output: list[Item] | None = None
    usage: _Usage | None = None
    incomplete_details: _Incomplete | None = None


_RESPONSE: Final = msgspec.json.Decoder(_Response, strict=False)
_NO_DETAILS: Final = _Details()
_TELLING: Final = (b".delta", b".done", b".added")
_ENDING: Final = (b".done", b".added", *event.ENDS)
_PLACELESS: Final = b'{"type":"response.output_text.delta"}'
_SAYING: Final = frozenset((event.TEXT, event.REFUSAL))
_REASON_OF: Final = {event.COMPLETED: "stop", event.INCOMPLETE: "length", event.FAILED: "error"}
"""Where the response itself does not say how it ended."""


class ResponsesChunk(WireChunk):
    """An event of a stream, or a whole `response` (`whole`).

    `beside` is text that a step has put into an event that has none of its own: settling gives it a delta, before this.
    """

    __slots__ = ("_event", "_read", "beside", "data", "final", "kind", "whole")

    final: bool

    def __init__(
        self,
        data: bytes,
        kind: bytes | None = None,
        *,
        whole: bool = False,
        beside: str = "",
    ) -> None:
        self.data = data
        self.whole = whole
        self.kind = kind = (b"" if whole else event.kind_of(data)) if kind is None else kind
        self.final = kind in event.ENDS
        self.beside = beside
        self._event: event.Event | None = None
        self._read: Sequence[Delta] | None = None

    @classmethod
    def unpacking(cls) -> Unpacking:
        from proxy.wire.responses.unpack import ResponsesUnpacking  # It makes chunks.

        return ResponsesUnpacking()

    @classmethod
    def settling(cls) -> Settling:
        from proxy.wire.responses.settle import ResponsesSettling  # It makes chunks.

        return ResponsesSettling()

    @property
    def event(self) -> event.Event:
        if self._event is None:
            self._event = event.read_event(self.data)
        return self._event

    @property
    def deltas(self) -> Sequence[Delta]:
        if self._read is None:
            self._read = self._deltas()
        return self._read

    def with_text(self, text: str, choice: int = 0) -> Self:
        if choice or text == self.text:
            return self
        if self.whole:
            return type(self)(with_output_text(self.data, text), whole=True)
        if self.kind == event.TEXT:
            return type(self)(_saying(self.data, text), self.kind)
        return type(self)(self.data, self.kind, beside=text)

    def saying(self, text: str, choice: int = 0) -> Self:
        """Where this event is not of a text, neither is the new one: settling finds it a place."""
        return type(self)(_saying(self.data if self.kind == event.TEXT else _PLACELESS, text), event.TEXT)

    @property
    def pieces(self) -> Sequence[Piece]:
        if self.whole:
            return pieces_of_response(self.data)
        found = pieces_in(self.kind, self.event) if self.kind.endswith(_TELLING) else ()
        return [Piece(FLOATING, self.beside), *found] if self.beside else found

    def ends(self, channel: Channel) -> bool:
        return self.whole or (self.kind.endswith(_ENDING) and ends(self.kind, self.event, channel))

    def with_pieces(self, texts: Mapping[Channel, str]) -> Self:
        """What later events repeat of it is brought in line by `settling`.

        Text that an event cannot hold is carried along; `settling` finds it a place. Raises `ValueError` for anything
        else that it cannot hold. What is encrypted of reasoning stays: it says nothing to the client.
        """
        had = dict(self.pieces)
        changed = {channel: text for channel, text in texts.items() if text != had.get(channel, "")}
        if not changed:
            return self
        if self.whole:
            return type(self)(response_saying(self.data, changed), whole=True)
        own = {channel: text for channel, text in changed.items() if channel in had and not self._is_beside(channel)}
        others = {channel: text for channel, text in changed.items() if channel not in own}
        if any(channel.kind != "text" for channel in others):
            raise ValueError(f"an event of {self.kind.decode()} holds no such text; use `carrying` for it")
        return type(self)(
            event_saying(self.kind, self.data, own) if own else self.data,
            self.kind,
            beside="".join(others.values()) if others else self.beside,
        )

    def _is_beside(self, channel: Channel) -> bool:
        return channel == FLOATING and self.kind != event.TEXT

    def carrying(self, channel: Channel, text: str) -> Self:
        if channel == FLOATING:
            return self.saying(text)
        kind, data = delta_saying(channel, text)
        return type(self)(data, kind)

    def blocked(self, text: str, choices: Collection[int], *, first: bool = False) -> Sequence[Self]:
        """The text is output text, which every client shows, and the response ends as `response.incomplete`, filtered.

        A call that was begun ends, by `settling`, as far as it was told, and as `incomplete`.
        """
        if 0 not in choices:
            return (self,) if self.whole else ()
        if self.whole:
            return (type(self)(refused(self.data, text, message_id(self.data)), whole=True),)
        told = [type(self)(self.data, self.kind)] if first and self.kind == event.CREATED else []
        if text:
            told.append(type(self)(_saying(_PLACELESS, text), event.TEXT))
        return [*told, type(self)(encode({"type": event.INCOMPLETE.decode(), "response": FILTERED}), event.INCOMPLETE)]

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Completion:
        events = [chunk for chunk in chunks if isinstance(chunk, ResponsesChunk)]
        whole = next((chunk for chunk in events if chunk.whole), None)
        if whole is None:
            return ResponsesCompletion(join_events([(each.kind, each.data) for each in events]))
        # What a step says before or after a whole answer.
        return ResponsesCompletion(whole.with_text("".join([each.text for each in events])).data)

    def _deltas(self) -> Sequence[Delta]:
        if self.whole:
            answer = ResponsesCompletion(self.data)
            return (Delta(0, answer.text, answer.refusal, answer.finish_reason),)
        if self.kind in _SAYING:
            said = self.event.delta
            said = said if isinstance(said, str) else ""
            return (Delta(0, said) if self.kind == event.TEXT else Delta(0, self.beside, said),)
        if self.kind in event.ENDS:
            response = self.event.response
            reason = ResponsesCompletion(response).finish_reason if response else None
            return (Delta(0, self.beside, finish_reason=reason or _REASON_OF[self.kind]),)
        return (Delta(0, self.beside),) if self.beside else ()


class ResponsesCompletion(Completion):
    """A `response` document, finished or not."""

    __slots__ = ("_body", "_calls", "_response")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._response: _Response | None = None
        self._calls: Sequence[ToolCall] | None = None

    @property
    def body(self) -> bytes:
        return self._body

    @property
    def id(self) -> str | None:
        return self._read.id

    @property
    def model(self) -> str | None:
        return self._read.model

    @property
    def status(self) -> str | None:
        """As it stands there: `completed`, `incomplete`, `failed`, `queued`, `in_progress` or `cancelled`."""
        return self._read.status

    @property
    def texts(self) -> Sequence[str]:
        return ["".join(text_of(item.content)[0] for item in self._items if item.is_message)]

    @property
    def refusal(self) -> str:
        contents = (value_in(item.content) for item in self._items if item.is_message)
        parts = (part for content in contents if isinstance(content, list) for part in content)
        refusals = (part.get("refusal") for part in parts if isinstance(part, dict))
        return "".join(refusal for refusal in refusals if isinstance(refusal, str))

    @property
    def calls(self) -> Sequence[ToolCall]:
        if self._calls is None:
            self._calls = calls_of(self._items)
        return self._calls

    @property
    def finish_reason(self) -> str | None:
        """None where the answer is not finished."""
        read = self._read
        match read.status:
            case "completed":
                return "tool_calls" if self.calls else "stop"
            case "incomplete":
                details = read.incomplete_details
                return _REASONS.get((details and details.reason) or "", "length")
            case status:
                return _ENDS.get(status or "")

    @property
    def finish_reasons(self) -> Sequence[str]:
        reason = self.finish_reason
        return [reason] if reason else []

    @property
    def usage(self) -> Usage | None:
        usage = self._read.usage
        if usage is None:
            return None
        cached = (usage.input_tokens_details or _NO_DETAILS).cached_tokens or 0
        thought = (usage.output_tokens_details or _NO_DETAILS).reasoning_tokens or 0
        asked, said = usage.input_tokens or 0, usage.output_tokens or 0
        if (asked | said | cached | thought) >> _TOKEN_BITS:
            # Negative, or more than any model reads: it would reach limits, bills and the store.
            return None
        return Usage(asked, said, cached, thought)

    @property
    def bound(self) -> bool:
        return any(item.bound for item in self._items)

    @property
    def fingerprint(self) -> bytes:
        # Where the provider ran tools itself, their results part its output in turns; the first tells what follows.
        said = next((turn for turn in turns_of(self._items) if turn.role == "assistant"), None)
        return fingerprint_of(said) if said else assistant_digest("", ())

    @property
    def reference(self) -> bytes | None:
        """Its other digest: that of a next call which names the items of this answer, and does not repeat them."""
        return reference_to(self._items[-1]) if self._items else None

    def with_text(self, text: str, choice: int = 0) -> Self:
        return self if choice else type(self)(with_output_text(self._body, text))

    @property
    def logprobs(self) -> Sequence[float]:
        if b'"logprobs"' not in self._body:
            return ()
        contents = (value_in(item.content) for item in self._items if item.is_message)
        parts = (part for content in contents if isinstance(content, list) for part in content)
        return [each for part in parts if isinstance(part, dict) for each in wanted.logprobs_in(part.get("logprobs"))]

    def counted_as(self, other: Completion) -> Self:
        return type(self)(wanted.with_usage_of(self._body, other.body))

    def chunk(self) -> ResponsesChunk:
        return ResponsesChunk(self._body, whole=True)

    @property
    def _items(self) -> Sequence[Item]:
        return self._read.output or ()

    @property
    def _read(self) -> _Response:
        if self._response is None:
            try:
                self._response = _RESPONSE.decode(self._body)
            except UNREADABLE:
                self._response = _Response()  # Not the documented shape: passed on as it is, unread.
        return self._response


def _saying(data: bytes, text: str) -> bytes:
    # The odds of other words are not those of these.
    try:
        return document.with_fields(data, delta=text, logprobs=[])
    except UNREADABLE:
        return document.with_fields(_PLACELESS, delta=text, logprobs=[])
