"""What the client of an edited stream was told of each item, and the output that says the same."""

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.wire.responses.cut_off import item_told
from proxy.wire.responses.event import ITEM_DONE, PART_DONE, SUMMARY_DONE, Event
from proxy.wire.responses.output_text import is_message, text_part, with_parts, with_texts
from proxy.wire.responses.pieces import Where, part_saying, pieces_of_item, where, with_words, words_of
from proxy.wire.responses.raw import NULL, encode, fields_in, items_in, raw, text_in
from records import JsonValue

_PARTS_DONE: Final = {PART_DONE: "content", SUMMARY_DONE: "summary"}
_CUT_OFF: Final = {"web_search_call": "failed", "image_generation_call": "failed"}
"""The status of an item that a step has cut off, where the API does not know it as `incomplete`."""


class ToldText:
    """A text part, as it was given to the client. `open` until the end of its text was told, `ended` once its own."""

    __slots__ = ("ended", "index", "item", "open", "pieces")

    def __init__(self, item: "ToldItem", index: int) -> None:
        self.item = item
        self.index = index
        self.pieces: list[str] = []
        self.open = True
        self.ended = False

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class ToldItem:
    """An item as it began, and as it ended, once it has (`ended`). `index` is where the client has it.

    `heard` is what the client was told of it, beside text: the kind and the data of each event.
    """

    __slots__ = ("_given", "begun", "ended", "heard", "id", "index", "is_message", "texts")

    def __init__(self, index: int, begun: msgspec.Raw) -> None:
        self.index = index
        self.begun = begun
        self.ended: msgspec.Raw | None = None
        self.id = fields_in(begun).get("id", NULL)
        self.is_message = is_message(begun)
        self.texts: dict[int, ToldText] = {}
        self.heard: list[tuple[bytes, bytes]] = []
        self._given: dict[Where, list[str]] = {}
        """What was told in deltas, beside text. Whatever repeats it says the same."""

    def begin_text(self, index: int) -> ToldText:
        part = self.texts[index] = ToldText(self, index)
        return part

    def hear(self, kind: bytes, read: Event) -> dict[str, JsonValue]:
        """Take note of a delta, or say what to change in an event that repeats what deltas said."""
        if kind in _PARTS_DONE:
            part = fields_in(read.part)
            index = read.content_index if _PARTS_DONE[kind] == "content" else read.summary_index
            for place, text in self._words().items():
                if (place.parts, place.part) == (_PARTS_DONE[kind], index) and words_of(part, place) != text:
                    return {"part": encode(part_saying(part, place, text))}
        if kind == ITEM_DONE and (whole := read.item) and (settled := self.settled(whole)) is not whole:
            return {"item": bytes(settled)}
        if (place_of := where(kind, read)) is None:
            return {}
        if kind.endswith(b".delta"):
            self._given.setdefault(place_of, []).append(read.delta if isinstance(read.delta, str) else "")
            return {}
        told = self._words().get(place_of)
        return {} if told is None or told == getattr(read, place_of.field) else {place_of.field: told}

    def _words(self) -> dict[Where, str]:
        return {place: "".join(pieces) for place, pieces in self._given.items()}

    def settled(self, item: msgspec.Raw) -> msgspec.Raw:
        """The item as its provider has it, with the text that the client was given; itself where that is the same."""
        item = with_words(item, self._words())
        if not self.is_message:
            return item
        settled = with_texts(item, self._text_at)
        content = fields_in(item).get("content", NULL)
        count = 1 if bytes(content).startswith(b'"') else len(items_in(content))
        more = [text_part(part.text) for place, part in sorted(self.texts.items()) if place >= count]
        return with_parts(settled, more) if more else settled

    def end(self) -> msgspec.Raw:
        """The item as it ends where its provider has not told how."""
        fields = item_told(self.heard) or fields_in(self.begun)
        if self.is_message or "status" in fields:
            kind = text_in(fields.get("type"))
            fields["status"] = raw("completed" if self.is_message else _CUT_OFF.get(kind, "incomplete"))
        return self.settled(raw(fields))

    def _text_at(self, place: int) -> str | None:
        return self.texts[place].text if place in self.texts else None


class Told:
    """All items of a stream, numbered as the client hears of them: the provider's, and those inserted among them."""

    def __init__(self) -> None:
        self.inserted: list[ToldItem] = []
        self._items: dict[int, ToldItem] = {}
        """The provider's, by the index that it has them under."""

    def __len__(self) -> int:
        return len(self._items) + len(self.inserted)

    def get(self, index: object) -> ToldItem | None:
        return self._items.get(index) if type(index) is int else None

    def add(self, index: int, begun: msgspec.Raw) -> ToldItem:
        item = self._items[index] = ToldItem(len(self), begun)
        return item

    def insert(self, begun: msgspec.Raw) -> ToldItem:
        item = ToldItem(len(self), begun)
        self.inserted.append(item)
        return item

    @property
    def open(self) -> Sequence[ToldItem]:
        return [item for item in self._all if item.ended is None]

    def output(self, had: Sequence[msgspec.Raw]) -> list[msgspec.Raw]:
        """The items that a response ends with. `had`: what its provider says they are."""
        found: dict[int, msgspec.Raw] = {}
        for place, whole in enumerate(had):
            item = self._named(fields_in(whole).get("id", NULL)) or self.get(place)
            if item is not None:
                found[item.index] = item.ended if item.ended and _differ(item.ended, whole) else item.settled(whole)
            elif not is_message(whole):  # What a message says is told in deltas, or not at all.
                found[len(self) + place] = whole
        for item in self._all:
            found.setdefault(item.index, item.ended or item.begun)
        return [found[index] for index in sorted(found)]

    def _named(self, id: msgspec.Raw) -> ToldItem | None:
        return next((item for item in self._items.values() if item.id == id != NULL), None)

    @property
    def _all(self) -> Sequence[ToldItem]:
        return (*self._items.values(), *self.inserted)


def _differ(ended: msgspec.Raw, whole: msgspec.Raw) -> bool:
    """Whether an item says at the end of the response what it did not at its own."""
    return ended != whole and [*pieces_of_item(fields_in(ended), 0)] != [*pieces_of_item(fields_in(whole), 0)]
