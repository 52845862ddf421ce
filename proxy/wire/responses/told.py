"""What the client of an edited stream was told of each item, and the output that says the same."""

from collections.abc import Sequence

import msgspec

from proxy.wire.responses.output_text import is_message, text_part, with_parts, with_texts
from proxy.wire.responses.raw import NULL, fields_in, items_in, raw


class ToldText:
    """A text part, as it was given to the client. `open` until its end was told."""

    __slots__ = ("index", "item", "open", "pieces")

    def __init__(self, item: "ToldItem", index: int) -> None:
        self.item = item
        self.index = index
        self.pieces: list[str] = []
        self.open = True

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class ToldItem:
    """An item as it began, and as it ended, once it has (`ended`). `index` is where the client has it."""

    __slots__ = ("begun", "ended", "id", "index", "is_message", "texts")

    def __init__(self, index: int, begun: msgspec.Raw) -> None:
        self.index = index
        self.begun = begun
        self.ended: msgspec.Raw | None = None
        self.id = fields_in(begun).get("id", NULL)
        self.is_message = is_message(begun)
        self.texts: dict[int, ToldText] = {}

    def text(self, index: int) -> ToldText:
        if index not in self.texts:
            self.texts[index] = ToldText(self, index)
        return self.texts[index]

    def settled(self, item: msgspec.Raw) -> msgspec.Raw:
        """The item as its provider has it, with the text that the client was given; itself where that is the same."""
        if not self.is_message:
            return item
        settled = with_texts(item, self._given)
        content = fields_in(item).get("content", NULL)
        count = 1 if bytes(content).startswith(b'"') else len(items_in(content))
        more = [text_part(self._given(place)) for place in sorted(self.texts) if place >= count]
        return with_parts(settled, more) if more else settled

    def end(self) -> msgspec.Raw:
        """The item as it ends where nobody has told how."""
        status = raw("completed" if self.is_message else "incomplete")
        return self.settled(raw({**fields_in(self.begun), "status": status}))

    def _given(self, place: int) -> str:
        return self.texts[place].text if place in self.texts else ""


class Told:
    """All items of a stream: the provider's, by the index that it has them under, and those inserted among them."""

    def __init__(self) -> None:
        self.inserted: list[ToldItem] = []
        self._items: dict[int, ToldItem] = {}
        self._before: list[int] = []
        """For each inserted item the first of the provider's indices after it."""

    def get(self, index: object) -> ToldItem | None:
        return self._items.get(index) if type(index) is int else None

    def add(self, index: int, begun: msgspec.Raw) -> ToldItem:
        item = self._items[index] = ToldItem(index + sum(before <= index for before in self._before), begun)
        return item

    def insert(self, begun: msgspec.Raw) -> ToldItem:
        """An item after all that the client knows of."""
        item = ToldItem(self.length, begun)
        self.inserted.append(item)
        self._before.append(max(self._items, default=-1) + 1)
        return item

    @property
    def length(self) -> int:
        return max((item.index for item in self._all), default=-1) + 1

    @property
    def open(self) -> Sequence[ToldItem]:
        return [item for item in self._all if item.ended is None]

    def output(self, had: Sequence[msgspec.Raw]) -> list[msgspec.Raw]:
        """The items that a response ends with. `had`: what its provider says they are."""
        by_place: dict[int, msgspec.Raw] = {}
        for place, whole in enumerate(had):
            item = self._named(fields_in(whole).get("id", NULL)) or self.get(place) or self.add(place, whole)
            by_place[item.index] = item.settled(whole)
        for item in self._all:
            by_place.setdefault(item.index, item.ended or item.begun)
        return [by_place[place] for place in sorted(by_place)]

    def _named(self, id: msgspec.Raw) -> ToldItem | None:
        return next((item for item in self._items.values() if item.id == id != NULL), None)

    @property
    def _all(self) -> Sequence[ToldItem]:
        return (*self._items.values(), *self.inserted)
