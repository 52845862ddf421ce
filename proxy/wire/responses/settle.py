"""An edited stream brought in order again: its ends say what the client was given, and its events count on."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from middleware.messages import Chunk
from proxy.errors import UpstreamBroke
from proxy.wire import document
from proxy.wire.responses import event
from proxy.wire.responses.answer import ResponsesChunk
from proxy.wire.responses.cut_off import ends_of_parts
from proxy.wire.responses.event import Event
from proxy.wire.responses.output_text import is_text, message_id, message_item, retold, text_part
from proxy.wire.responses.raw import encode, fields_in, items_in, text_in
from proxy.wire.responses.resource import nothing_asked
from proxy.wire.responses.split import split_response
from proxy.wire.responses.told import Told, ToldItem, ToldText
from records import JsonValue

_CLOSING: Final = frozenset((event.ANNOTATION, event.TEXT_DONE, event.REFUSAL_DONE, event.PART_DONE, event.ITEM_DONE))
"""What ends a part of a message, or the message."""


class _Came(NamedTuple):
    """An event, and what is read of it."""

    kind: bytes
    data: bytes
    read: Event


class ResponsesSettling:
    """Text without a place joins the text part that is open. The end of one waits for what follows it, to let late text
    in; text that is later still makes a message of its own, once no other item is open. The end of the response waits
    for the end of the stream. What a step left out is made up for: a client is never given half an item, or no end.
    """

    def __init__(self) -> None:
        self._told = Told()
        self._next_number: int | None = None
        self._begun = False
        self._response: bytes | None = None
        """As the provider last told of it."""
        self._ending: _Came | None = None
        self._speaking: ToldText | None = None
        """The text part that takes text."""
        self._closing: list[_Came] = []
        self._closes: ToldItem | None = None
        self._waiting = ""
        self._ready: list[Chunk] = []

    def take(self, chunk: Chunk) -> Sequence[Chunk]:
        assert isinstance(chunk, ResponsesChunk)
        if chunk.whole:
            try:
                events = split_response(chunk.data)
            except UpstreamBroke:
                return (chunk,)
            if events[-1][0] not in event.ENDS:
                return (chunk,)  # It is not finished, and no stream goes on from here.
            for kind, data in events:
                self._take(_Came(kind, data, event.read_event(data)))
        else:
            if chunk.beside:
                self._say(chunk.beside)
            self._take(_Came(chunk.kind, chunk.data, chunk.event))
        return self._all_ready()

    def rest(self) -> Sequence[Chunk]:
        if not (self._begun or self._response or self._ending or self._waiting):
            return ()
        if self._response is None and not self._begun:
            self._begin()
        self._begun = True
        self._close()
        for item in self._told.open:
            self._end(item)
        self._say_waiting()
        self._close()
        self._finish()
        return self._all_ready()

    def _take(self, came: _Came) -> None:
        kind, read = came.kind, came.read
        if kind in event.ENDS:
            self._ending = self._complete(came)
            return
        if kind in event.LIFECYCLE:
            self._response = bytes(read.response) if read.response else self._response
            # Nothing is said between these.
            self._begun = self._begun or kind == event.IN_PROGRESS
            self._emit(came)
            return
        item = self._told.get(read.output_index)
        if kind == event.ITEM_ADDED:
            self._begun = True
            self._add(came)
        elif item is not None and item.ended is None:
            self._take_of(item, came)
        elif kind == event.TEXT:
            self._say(_delta(read))
        elif read.output_index is None:
            self._emit(came)
        # Of an item that the client does not know there is nothing else to tell.

    def _complete(self, came: _Came) -> _Came:
        """The end of the stream with all that was told of the response: a step ends it by saying how it ends alone."""
        ending = fields_in(came.read.response)
        if "id" in ending or not ending:
            return came
        before = self._ending.read.response if self._ending else self._response
        response = encode({**(fields_in(before) or nothing_asked()), **ending})
        return came._replace(read=msgspec.structs.replace(came.read, response=msgspec.Raw(response)))

    def _take_of(self, item: ToldItem, came: _Came) -> None:
        if item.is_message and came.kind == event.TEXT:
            self._grow(item, came)
        elif item.is_message and came.kind in _CLOSING:
            self._end_later(item, came)
        else:
            self._close()
            self._tell(item, came)

    def _grow(self, item: ToldItem, came: _Came) -> None:
        index, text = came.read.content_index, _delta(came.read)
        part = item.texts.get(index) if type(index) is int else None
        if type(index) is not int or (part is not None and not part.open):
            self._say(text)
            return
        if part is None or part is not self._speaking:
            self._close()
        if part is None:
            part = self._begin_text(item, index)
        self._speaking = part
        self._say_waiting()
        self._emit(came, item)
        part.pieces.append(text)

    def _add(self, came: _Came) -> None:
        self._close()
        index, begun = came.read.output_index, came.read.item
        if type(index) is not int or not fields_in(begun) or self._told.get(index) is not None:
            return
        item = self._told.add(index, begun)
        if item.is_message and items_in(fields_in(begun).get("content")):
            # Text is told in deltas alone: those are what steps see.
            self._emit(came, item, item=document.with_fields(bytes(begun), content=[]))
        else:
            self._emit(came, item)

    def _tell(self, item: ToldItem, came: _Came) -> None:
        index, part = came.read.content_index, came.read.part
        if came.kind == event.PART_ADDED and item.is_message and is_text(fields := fields_in(part)):
            empty = retold(fields, "")
            self._emit(came, item, **({} if empty is fields else {"part": encode(empty)}))
            if type(index) is int:
                self._speaking = item.begin_text(index)
                self._say_waiting()
            return
        self._emit(came, item, **item.hear(came.kind, came.read))
        if came.kind == event.ITEM_DONE:
            item.ended = item.settled(came.read.item or item.begun)
            self._say_waiting()

    def _say(self, text: str) -> None:
        """Text that has no place yet."""
        text, self._waiting = self._waiting + text, ""
        if not text:
            return
        part = self._speaking
        if part is None:
            if not self._begun or self._told.open:
                self._waiting = text
                return
            part = self._speaking = self._begin_message()
        self._make(event.TEXT, **_place(part), delta=text, logprobs=[])
        part.pieces.append(text)

    def _say_waiting(self) -> None:
        self._say("")

    def _begin_message(self) -> ToldText:
        index = len(self._told)
        id = message_id(self._response or b"", b"%d" % index)
        item = self._told.insert(msgspec.Raw(message_item(id, None, status="in_progress")))
        self._make(event.ITEM_ADDED, output_index=item.index, item=item.begun)
        self._closes = item
        return self._begin_text(item, 0)

    def _begin_text(self, item: ToldItem, index: int) -> ToldText:
        part = item.begin_text(index)
        self._make(event.PART_ADDED, **_place(part), part=text_part(""))
        return part

    def _end_later(self, item: ToldItem, came: _Came) -> None:
        if self._closes is not item:
            self._close()
            self._closes = item
        self._closing.append(came)

    def _close(self) -> None:
        """Tell the ends that have waited."""
        while (item := self._closes) is not None:
            closing, self._closing, self._closes = self._closing, [], None
            if self._speaking is not None and self._speaking.item is item:
                self._speaking = None
            for came in closing:
                self._close_by(item, came, closing)
            if item in self._told.inserted:
                self._end(item)
            self._say_waiting()

    def _close_by(self, item: ToldItem, came: _Came, closing: Sequence[_Came]) -> None:
        read, changes = came.read, dict[str, JsonValue]()
        part = item.texts.get(read.content_index) if type(read.content_index) is int else None
        match came.kind:
            case event.ANNOTATION:
                # What it points at may be gone.
                ends = [other for other in closing if other.kind == event.TEXT_DONE and _same_part(came, other)]
                if part is None or any(other.read.text != part.text for other in ends):
                    return
            case event.TEXT_DONE:
                if part is None:
                    return  # It was not told to begin.
                part.open = False
                if read.text != part.text:
                    changes = {"text": part.text, "logprobs": []}
            case event.REFUSAL_DONE:
                changes = item.hear(came.kind, read)
            case event.PART_DONE if is_text(fields := fields_in(read.part)):
                if part is None:
                    return
                part.open, part.ended = False, True
                if (told := retold(fields, part.text)) is not fields:
                    changes = {"part": encode(told)}
            case event.PART_DONE:
                changes = item.hear(came.kind, read)
            case event.ITEM_DONE:
                self._end_parts(item)
                whole = read.item or item.begun
                item.ended = item.settled(whole)
                if item.ended is not whole:
                    changes = {"item": bytes(item.ended)}
        self._emit(came, item, **changes)

    def _end(self, item: ToldItem) -> None:
        """Tell the end of an item that its provider has not told of, or no step has let through."""
        self._end_parts(item)
        for kind, fields in ends_of_parts(item.heard):
            self._make(kind.encode(), item_id=item.id, output_index=item.index, **fields)
        if self._speaking is not None and self._speaking.item is item:
            self._speaking = None
        item.ended = item.end()
        self._make(event.ITEM_DONE, output_index=item.index, item=item.ended)

    def _end_parts(self, item: ToldItem) -> None:
        """Tell the end of its text."""
        for part in item.texts.values():
            if part.open:
                self._make(event.TEXT_DONE, **_place(part), text=part.text, logprobs=[])
            if not part.ended:
                self._make(event.PART_DONE, **_place(part), part=text_part(part.text))
            part.open, part.ended = False, True

    def _begin(self) -> None:
        """For a stream whose beginning a step has swallowed."""
        ending = self._ending.read.response if self._ending else None
        fields = fields_in(ending) or nothing_asked()
        self._response = encode({**fields, "status": "in_progress", "output": [], "usage": None})
        self._make(event.CREATED, response=msgspec.Raw(self._response))
        self._make(event.IN_PROGRESS, response=msgspec.Raw(self._response))

    def _finish(self) -> None:
        ending = self._ending.read.response if self._ending else None
        fields = fields_in(ending or self._response)
        before = items_in(fields.get("output"))
        output = self._told.output(before)
        if self._ending is None:
            response = encode({**fields, "status": "completed", "output": output})
            self._make(event.COMPLETED, response=msgspec.Raw(response))
        elif output == before and ending == event.read_event(self._ending.data).response:
            self._emit(self._ending)
        else:
            self._emit(self._ending, response=encode({**fields, "output": output}))

    def _make(self, kind: bytes, **fields: Any) -> None:
        number = self._next_number or 0
        self._next_number = number + 1
        data = encode({"type": kind.decode(), "sequence_number": number, **fields})
        self._ready.append(ResponsesChunk(data, kind))

    def _emit(self, came: _Came, of: ToldItem | None = None, **changes: JsonValue) -> None:
        """The event, `of` an item where the client has it, with these fields changed."""
        if came.read.type is None:
            self._ready.append(ResponsesChunk(came.data, came.kind))  # Whatever it is, it is not counted.
            return
        number, had = self._next_number, came.read.sequence_number
        if number is None:
            number = had if type(had) is int else 0
        self._next_number = number + 1
        if number != had:
            changes["sequence_number"] = number
        if of is not None and of.index != came.read.output_index:
            changes["output_index"] = of.index
        if of is not None and came.read.item_id is None and came.kind.endswith(b".delta"):
            changes["item_id"] = text_in(of.id)
        data = document.with_fields(came.data, **changes) if changes else came.data
        if of is not None and came.kind != event.TEXT:
            of.heard.append((came.kind, data))
        self._ready.append(ResponsesChunk(data, came.kind))

    def _all_ready(self) -> Sequence[Chunk]:
        ready, self._ready = self._ready, []
        return ready


def _place(part: ToldText) -> dict[str, Any]:
    return {"item_id": part.item.id, "output_index": part.item.index, "content_index": part.index}


def _delta(read: Event) -> str:
    return read.delta if isinstance(read.delta, str) else ""


def _same_part(one: _Came, other: _Came) -> bool:
    return bool(one.read.content_index == other.read.content_index)
