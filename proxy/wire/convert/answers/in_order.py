"""Lines up parts that a stream tells side by side, for an API that tells one after another.

The part that comes first streams on; pieces of others wait until it is complete. A call in chat completions never says
that it is; but once its arguments are a whole JSON value, nothing can follow, so then the next one streams.
"""

import re
from collections.abc import Sequence
from typing import Final

from proxy.wire.convert.pieces import Arguments, Called, Done, Finished, Piece, Spent, Started
from proxy.wire.convert.requests.losses import Losses

_MARKS: Final = re.compile(r'["\\{}\[\]]')


class InOrder:
    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._first: int | None = None
        self._value: _Value | None = None
        self._waiting: dict[int, list[Piece]] = {}
        self._told: set[int] = set()

    def take(self, piece: Piece) -> Sequence[Piece]:
        if isinstance(piece, Started | Spent):
            return (piece,)
        if isinstance(piece, Finished):
            return [*self._rest(), piece]
        if self._first is None and piece.part not in self._told:
            self._first = piece.part
            self._value = None
        if piece.part == self._first:
            return self._tell(piece)
        if piece.part in self._told:
            if not isinstance(piece, Done) and getattr(piece, "text", "").strip():
                self._losses.note("arguments", "they went on after the end of their JSON")
            return ()
        self._waiting.setdefault(piece.part, []).append(piece)
        return self._next() if self._is_complete() else ()

    def _tell(self, piece: Piece) -> Sequence[Piece]:
        if isinstance(piece, Done):
            return self._next()
        self._follow(piece)
        if self._waiting and self._is_complete():
            return [piece, *self._next()]
        return (piece,)

    def _follow(self, piece: Piece) -> None:
        if isinstance(piece, Arguments):
            if self._value is not None:
                self._value.add(piece.text)
        elif isinstance(piece, Called) and piece.kind != "custom":
            self._value = _Value()

    def _is_complete(self) -> bool:
        return self._value is not None and self._value.is_complete()

    def _next(self) -> list[Piece]:
        """Ends the first part, and tells what has waited for that."""
        assert self._first is not None
        told: list[Piece] = [Done(self._first)]
        self._told.add(self._first)
        self._first, self._value = None, None
        while self._waiting and self._first is None:
            part = next(iter(self._waiting))
            held = self._waiting.pop(part)
            told += held
            self._value = None
            for piece in held:
                self._follow(piece)
            if isinstance(held[-1], Done):
                self._told.add(part)
            elif self._waiting and self._is_complete():
                told.append(Done(part))
                self._told.add(part)
            else:
                self._first = part
        return told

    def _rest(self) -> list[Piece]:
        told: list[Piece] = []
        while self._first is not None:
            told += self._next()
        return told


class _Value:
    """The arguments of a call, read only as far as somebody asks whether they are a whole object."""

    __slots__ = ("_depth", "_ended", "_escaped", "_in_string", "_unread")

    def __init__(self) -> None:
        self._unread: list[str] = []
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._ended = False

    def add(self, text: str) -> None:
        self._unread.append(text)

    def is_complete(self) -> bool:
        for text in self._unread:
            self._read(text)
        self._unread.clear()
        return self._ended

    def _read(self, text: str) -> None:
        escaped = 0 if self._escaped else -1
        for mark in _MARKS.finditer(text):
            if mark.start() == escaped:
                continue
            match mark[0]:
                case "\\":
                    escaped = mark.end() if self._in_string else -1
                case '"':
                    self._in_string = not self._in_string
                case "{" | "[" if not self._in_string:
                    self._depth += 1
                case "}" | "]" if not self._in_string:
                    self._depth -= 1
                    self._ended = self._ended or self._depth == 0
        self._escaped = escaped == len(text)
