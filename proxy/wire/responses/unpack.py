"""A stream in which every word is told by a delta: what only an end repeats, or a beginning has already, gets one too.

Some providers tell a text whole: as its item or its part begins, as they end, or in the response that the stream ends
with. Steps look at deltas, so that these texts would go past them.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from middleware.messages import Channel, Chunk
from proxy.wire import document
from proxy.wire.responses import event
from proxy.wire.responses.answer import ResponsesChunk
from proxy.wire.responses.output_text import is_message
from proxy.wire.responses.pieces import (
    FLOATING,
    channel_of,
    item_of,
    part_saying,
    pieces_in,
    pieces_of_item,
    pieces_of_part,
    place_of,
    told_in_pieces,
    where,
)
from proxy.wire.responses.raw import NONE, Fields, encode, fields_in, items_in, raw, text_in
from proxy.wire.responses.split import Event, events_of_item, events_of_part, events_of_summary

_PARTS: Final = {
    event.PART_ADDED: "content",
    event.PART_DONE: "content",
    event.SUMMARY_ADDED: "summary",
    event.SUMMARY_DONE: "summary",
}


class ResponsesUnpacking:
    """What a text begins with waits for what follows: a provider whose first delta repeats it tells all of it again,
    any other goes on from there."""

    def __init__(self) -> None:
        self._items: dict[int, str] = {}
        """The ids of those that were begun."""
        self._ended: set[int] = set()
        self._parts: set[tuple[int, str, int]] = set()
        self._begun: dict[Channel, str] = {}
        """What was there before the first delta."""
        self._said: dict[Channel, list[str]] = {}
        self._astray = False
        """Whether there was text of no item."""
        self._ready: list[Chunk] = []

    def take(self, chunk: Chunk) -> Sequence[Chunk]:
        assert isinstance(chunk, ResponsesChunk)
        if chunk.whole:
            return (chunk,)
        if (placed := self._placed(chunk)) is not None:
            self._take(placed)
        ready, self._ready = self._ready, []
        return ready

    def _placed(self, chunk: ResponsesChunk) -> ResponsesChunk | None:
        """With the index of its item, where it only has its id. None where it tells of nobody knows what."""
        if not chunk.kind.endswith((b".delta", b".done")) or type(chunk.event.output_index) is int:
            return chunk
        if chunk.kind == event.TEXT or where(chunk.kind, chunk.event) is None:
            return chunk
        index = next((index for index, id in self._items.items() if id and id == chunk.event.item_id), None)
        if index is None:
            return None
        return ResponsesChunk(document.with_fields(chunk.data, output_index=index), chunk.kind)

    def _take(self, chunk: ResponsesChunk) -> None:
        kind, index = chunk.kind, chunk.event.output_index
        if kind.endswith(b".delta"):
            self._take_delta(chunk)
        elif kind in event.ENDS:
            self._end(chunk)
        elif kind in event.LIFECYCLE:
            chunk = _with_no_output(chunk)
        elif type(index) is int:
            if kind == event.ITEM_ADDED:
                chunk = self._add(chunk, index)
            elif kind == event.ITEM_DONE:
                if index not in self._items and self._tell_all(chunk, index, chunk.event.item):
                    return
                self._end_item(chunk, index, chunk.event.item)
            elif index in self._items:
                chunk = self._take_part(chunk, index) if kind in _PARTS else self._take_end(chunk)
        self._ready.append(chunk)

    def _take_delta(self, chunk: ResponsesChunk) -> None:
        for channel, text in chunk.pieces:
            if channel == FLOATING or item_of(channel) not in self._items:
                self._astray = True
            begun = self._begun.pop(channel, "")
            if not begun.startswith(text):
                self._tell(chunk, channel, begun)
            self._said.setdefault(channel, []).append(text)

    def _take_end(self, chunk: ResponsesChunk) -> ResponsesChunk:
        """The `.done` of a text."""
        channel, place = channel_of(chunk.kind, chunk.event), where(chunk.kind, chunk.event)
        if channel is not None and place is not None:
            text = getattr(chunk.event, place.field)
            self._tell_rest(chunk, channel, text if isinstance(text, str) else "")
        return chunk

    def _take_part(self, chunk: ResponsesChunk, index: int) -> ResponsesChunk:
        parts, part = _PARTS[chunk.kind], fields_in(chunk.event.part)
        place = chunk.event.content_index if parts == "content" else chunk.event.summary_index
        if type(place) is not int or place < 0:
            return chunk
        self._parts.add((index, parts, place))
        for channel, text in pieces_of_part(part, index, parts, place):
            if chunk.kind.endswith(b".done"):
                self._tell_rest(chunk, channel, text)
            else:
                self._begun[channel] = text
                emptied = encode(part_saying(part, place_of(channel), ""))
                return ResponsesChunk(document.with_fields(chunk.data, part=emptied), chunk.kind)
        return chunk

    def _add(self, chunk: ResponsesChunk, index: int) -> ResponsesChunk:
        item = fields_in(chunk.event.item)
        self._items.setdefault(index, text_in(item.get("id")))
        if pieces_in(chunk.kind, chunk.event):
            return chunk  # They are looked at where they stand.
        emptied: dict[str, Any] = {}
        for channel, text in pieces_of_item(item, index):
            self._begun[channel] = text
            place = place_of(channel)
            emptied[place.parts or place.field] = NONE if place.parts else raw("")
        if not emptied:
            return chunk
        return ResponsesChunk(document.with_fields(chunk.data, item=encode({**item, **emptied})), chunk.kind)

    def _end(self, chunk: ResponsesChunk) -> None:
        """The end of the stream, with all that it says."""
        ids = {id: index for index, id in self._items.items() if id}
        for place, item in enumerate(items_in(fields_in(chunk.event.response).get("output"))):
            index = ids.get(text_in(fields_in(item).get("id")), place)
            if index not in self._items:
                self._tell_all(chunk, max([place, *(each + 1 for each in self._items)]), item)
            elif index not in self._ended:
                self._end_item(chunk, index, item)
                if not told_in_pieces(fields_in(item)):
                    self._emit([(event.ITEM_DONE.decode(), {"output_index": index, "item": item})])

    def _end_item(self, chunk: ResponsesChunk, index: int, item: msgspec.Raw) -> None:
        self._ended.add(index)
        fields = fields_in(item)
        for channel, text in pieces_of_item(fields, index) if told_in_pieces(fields) else ():
            place = place_of(channel)
            parts = items_in(fields.get(place.parts))
            if not parts or channel in self._said or (index, place.parts, place.part) in self._parts:
                self._tell_rest(chunk, channel, text)
            else:
                self._emit(_events_of(parts[place.part], place.parts, place.part, index, fields))

    def _tell_all(self, chunk: ResponsesChunk, index: int, item: msgspec.Raw) -> bool:
        """An item that was not begun. A message may be what was said without one."""
        if not fields_in(item) or (self._astray and is_message(item)):
            return False
        self._items[index] = text_in(fields_in(item).get("id"))
        self._ended.add(index)
        self._emit(events_of_item(index, item))
        return True

    def _tell_rest(self, chunk: ResponsesChunk, channel: Channel, text: str) -> None:
        """What a text says beyond what was told of it. One that says another thing is not told: settling makes it say
        what its deltas did."""
        told = "".join(self._said.get(channel, ()))
        self._begun.pop(channel, None)
        if text.startswith(told):
            self._tell(chunk, channel, text[len(told) :])

    def _tell(self, chunk: ResponsesChunk, channel: Channel, text: str) -> None:
        if text:
            self._said.setdefault(channel, []).append(text)
            self._ready.append(chunk.carrying(channel, text))

    def _emit(self, events: Iterable[Event]) -> None:
        for kind, fields in events:
            self._ready.append(ResponsesChunk(encode({"type": kind, **fields}), kind.encode()))


def _events_of(part: msgspec.Raw, parts: str, place: int, index: int, item: Fields) -> Iterable[Event]:
    at = {"item_id": item["id"], "output_index": index}
    if parts == "summary":
        return events_of_summary(fields_in(part), {**at, "summary_index": place}, part)
    return events_of_part(fields_in(part), {**at, "content_index": place}, part)


def _with_no_output(chunk: ResponsesChunk) -> ResponsesChunk:
    """A response that has just begun, and said nothing."""
    response = chunk.event.response
    if not items_in(fields_in(response).get("output")):
        return chunk
    emptied = document.with_fields(bytes(response), output=[])
    return ResponsesChunk(document.with_fields(chunk.data, response=emptied), chunk.kind)
