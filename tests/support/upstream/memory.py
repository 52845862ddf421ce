"""What one upstream remembers between requests: the responses it stored, conversations, and what it sealed.

Its names carry where they come from, so that another upstream does not know them.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.support.upstream.gate import Gate

Item: TypeAlias = dict[str, Any]


@dataclass
class Stored:
    """A response that can be asked for again."""

    final: dict[str, Any]
    """As it is when it is finished."""
    input: tuple[Item, ...]
    """All items it was made from, earlier ones included."""
    events: tuple[dict[str, Any] | Gate, ...]
    unfinished: dict[str, Any] | None = None
    """As a response in the background begins; None for one whose client waited for it."""
    looked_at: bool = False
    cancelled: bool = False

    @property
    def finished(self) -> bool:
        """In the background it is finished once every gate in its script is open, and somebody asked."""
        gates = [event for event in self.events if isinstance(event, Gate)]
        return self.unfinished is None or (self.looked_at and all(gate.is_open for gate in gates))

    @property
    def now(self) -> dict[str, Any]:
        """As it stands."""
        if self.unfinished is None or (self.finished and not self.cancelled):
            return self.final
        status = "cancelled" if self.cancelled else "in_progress" if self.looked_at else "queued"
        return {**self.unfinished, "status": status}


@dataclass
class Conversation:
    id: str
    metadata: dict[str, Any]
    items: list[Item] = field(default_factory=list)


class Memory:
    def __init__(self) -> None:
        self.origin = secrets.token_hex(8)
        self.responses: dict[str, Stored] = {}
        self.conversations: dict[str, Conversation] = {}
        self._sealed: set[str] = set()

    def name(self, prefix: str, number: int, place: int = 0) -> str:
        """The id of what request `number` made, which no other upstream gives."""
        return f"{prefix}_{self.origin}{number:06x}{place:04x}"

    def seal(self, name: str) -> str:
        """Content only this upstream can read, for the item of this name."""
        token = f"gAAAAA{self.origin}-{name}"
        self._sealed.add(token)
        return token

    def opens(self, token: object) -> bool:
        """Whether this upstream sealed it."""
        return isinstance(token, str) and token in self._sealed

    def knows(self, item_id: str) -> bool:
        """Whether a stored response, or a conversation, holds an item of this id."""
        return any(item.get("id") == item_id for item in self._items())

    def before(self, document: dict[str, Any]) -> tuple[Item, ...]:
        """The items that a request builds on without sending them."""
        if stored := self.responses.get(document.get("previous_response_id") or ""):
            return (*stored.input, *stored.final["output"])
        if conversation := self.conversations.get(conversation_of(document) or ""):
            return tuple(conversation.items)
        return ()

    def _items(self) -> Iterator[Item]:
        for stored in self.responses.values():
            yield from stored.input
            yield from stored.final["output"]
        for conversation in self.conversations.values():
            yield from conversation.items


def conversation_of(document: dict[str, Any]) -> str | None:
    """The conversation's id, which a request gives as such or as an object."""
    match document.get("conversation"):
        case {"id": str(name)} | str(name):
            return name
        case _:
            return None
