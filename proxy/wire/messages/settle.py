"""An edited stream brought in order again: its text in blocks, its blocks numbered as they come, its end last."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from middleware.messages import Chunk
from proxy.errors import UpstreamBroke
from proxy.wire import document
from proxy.wire.messages import events
from proxy.wire.messages.answer import MessagesChunk, MessagesCompletion, text_delta
from proxy.wire.messages.split import split_message

_dumps: Final = msgspec.json.Encoder().encode
_COMPLETE: Final = {"stop_reason": "end_turn", "stop_sequence": None}


class _Place:
    """What the client was told of a block that is open: of thoughts, what it was given, and what was signed."""

    __slots__ = ("_given", "_signed", "number", "text")

    def __init__(self, number: int, text: bool) -> None:
        self.number = number
        self.text = text
        self._given: list[str] = []
        self._signed: list[str] = []

    def think(self, given: str, was: str | None) -> None:
        self._given.append(given)
        self._signed.append(given if was is None else was)

    @property
    def signature_holds(self) -> bool:
        return "".join(self._given) == "".join(self._signed)


class MessagesSettling:
    """Text that a step says wherever it likes goes into the text block that is open, or was last, else into a new one;
    where a block of another kind is open, it waits for its end.

    To let late text in, the end of a text block waits for the next block, and the end of the message for that of the
    stream. What a step left out is made up for: a client is never given half a block, or no end.
    """

    def __init__(self) -> None:
        self._begun: MessagesCompletion | None = None
        self._next = 0
        self._open: dict[int, _Place] = {}
        self._writing: int | None = None
        """The text block that takes text."""
        self._stop: MessagesChunk | None = None
        """The end of that block, once it has come."""
        self._waiting = ""
        self._endings: list[MessagesChunk] = []

    def take(self, chunk: Chunk) -> Sequence[Chunk]:
        assert isinstance(chunk, MessagesChunk)
        ready: list[Chunk] = []
        if chunk.whole:
            try:
                split = split_message(chunk.data)
            except UpstreamBroke:
                return (chunk,)
            for event in split:
                self._take(MessagesChunk(event.data, kind=event.kind), ready)
            return ready
        if chunk.said:
            self._say(chunk.said, ready)
            chunk = MessagesChunk(chunk.data, kind=chunk.kind, was=chunk.was)
        self._take(chunk, ready)
        return ready

    def rest(self) -> Sequence[Chunk]:
        ready: list[Chunk] = []
        if self._begun is None:
            if not (self._waiting or self._endings):
                return ready
            self._begin(_made(events.MESSAGE_START, message=_no_message()), ready)
        for place in self._open.values():
            if place.number == self._writing:
                self._stop = _made(events.BLOCK_STOP, index=place.number)
            else:
                ready.append(_made(events.BLOCK_STOP, index=place.number))
        self._open.clear()
        self._say_waiting(ready)
        self._close(ready)
        stops = [ending for ending in self._endings if ending.kind == events.MESSAGE_STOP]
        ready.extend(self._reasons())
        ready.append(stops[-1] if stops else _made(events.MESSAGE_STOP))
        return ready

    def _take(self, chunk: MessagesChunk, ready: list[Chunk]) -> None:
        match chunk.kind:
            case events.MESSAGE_START:
                self._begin(chunk, ready)
            case events.BLOCK_START:
                self._start(chunk, ready)
            case events.BLOCK_DELTA:
                self._grow(chunk, ready)
            case events.BLOCK_STOP:
                self._end(chunk, ready)
            case events.MESSAGE_DELTA | events.MESSAGE_STOP:
                self._endings.append(chunk)
            case _:
                ready.append(chunk)

    def _begin(self, chunk: MessagesChunk, ready: list[Chunk]) -> None:
        self._begun = MessagesCompletion(bytes(chunk.event.message))
        self._next = len(self._begun.blocks)
        ready.append(chunk)
        self._say_waiting(ready)

    def _start(self, chunk: MessagesChunk, ready: list[Chunk]) -> None:
        self._close(ready)
        block = chunk.event.block
        place = _Place(self._next, block is not None and block.type == "text")
        self._next += 1
        self._open[chunk.event.index] = place
        text = block.text if block is not None and place.text else None
        if block is not None and block.type == "thinking":
            place.think(block.string("thinking"), chunk.was)
        if text:
            # Some clients read text from deltas alone.
            ready.append(_numbered(chunk.with_text(""), place.number))
            ready.append(MessagesChunk(text_delta(place.number, text), kind=events.BLOCK_DELTA))
        else:
            ready.append(_numbered(chunk, place.number))
        if place.text:
            self._writing = place.number
            self._say_waiting(ready)

    def _grow(self, chunk: MessagesChunk, ready: list[Chunk]) -> None:
        place = self._open.get(chunk.event.index)
        delta = chunk.event.delta
        if delta is not None and delta.type == "text_delta" and (place is None or not place.text):
            self._say(delta.text or "", ready)
        elif place is not None:
            if delta is not None and delta.type == "thinking_delta":
                place.think(delta.thinking or "", chunk.was)
            elif delta is not None and delta.type == "signature_delta" and not place.signature_holds:
                return
            ready.append(_numbered(chunk, place.number))

    def _end(self, chunk: MessagesChunk, ready: list[Chunk]) -> None:
        place = self._open.pop(chunk.event.index, None)
        if place is None:
            return
        chunk = _numbered(chunk, place.number)
        if place.number == self._writing:
            self._stop = chunk
            return
        ready.append(chunk)
        self._say_waiting(ready)

    def _say(self, text: str, ready: list[Chunk]) -> None:
        if not text:
            return
        if self._writing is None:
            if self._begun is None or self._open:
                self._waiting += text
                return
            self._writing = self._next
            self._next += 1
            ready.append(
                _made(
                    events.BLOCK_START,
                    index=self._writing,
                    content_block={"type": "text", "text": "", "citations": None},
                )
            )
            self._stop = _made(events.BLOCK_STOP, index=self._writing)
        ready.append(MessagesChunk(text_delta(self._writing, text), kind=events.BLOCK_DELTA))

    def _say_waiting(self, ready: list[Chunk]) -> None:
        text, self._waiting = self._waiting, ""
        self._say(text, ready)

    def _close(self, ready: list[Chunk]) -> None:
        if self._stop is not None:
            ready.append(self._stop)
            self._stop = self._writing = None

    def _reasons(self) -> Sequence[MessagesChunk]:
        """Why the message ends. Where it was a step that ended it, the message is complete, and what was counted so
        far stays."""
        told = [ending for ending in self._endings if ending.kind == events.MESSAGE_DELTA]
        counts = [b'"usage"' in ending.data for ending in told]
        if told and all(counts):
            return told
        if any(counts):
            counted = document.fields_of(told[counts.index(True)].data)["usage"]
        else:
            usage = self._begun.usage if self._begun is not None else None
            counted = msgspec.Raw(_dumps({"output_tokens": usage.output if usage is not None else 0}))
        ending = told[-1] if told else _made(events.MESSAGE_DELTA, delta=_COMPLETE)
        return (MessagesChunk(document.with_fields(ending.data, usage=bytes(counted)), kind=ending.kind),)


def _numbered(chunk: MessagesChunk, index: int) -> MessagesChunk:
    if chunk.event.index == index:
        return chunk
    return MessagesChunk(document.with_fields(chunk.data, index=index), kind=chunk.kind)


def _made(kind: bytes, **fields: Any) -> MessagesChunk:
    return MessagesChunk(_dumps({"type": kind.decode(), **fields}), kind=kind)


def _no_message() -> dict[str, Any]:
    """For a stream whose beginning a step has swallowed."""
    return {
        "id": "msg_burnish",
        "type": "message",
        "role": "assistant",
        "model": "",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
