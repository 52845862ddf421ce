"""Calls of functions that stand for other tools, told as calls of the tools that the client offered.

An upstream that knows only functions was offered functions in their place: see `requests.tools`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.errors import BadRequest
from proxy.wire.convert.answers.free_text import FreeText, enclosed
from proxy.wire.convert.pieces import Api, Arguments, Called, Done, Piece
from proxy.wire.convert.request import offered_tools
from proxy.wire.convert.requests.tools import INPUT, Offered

_SPECIAL: Final = (b'"custom"', b'"namespace"', b'"tool_search"')


class AsOffered:
    """For a client that offered `tools`, by the names under which an upstream knows them."""

    def __init__(self, tools: Mapping[str, Offered]) -> None:
        self._tools = tools
        self._free: dict[int, FreeText] = {}

    def take(self, piece: Piece) -> Sequence[Piece]:
        match piece:
            case Called(part=part, id=id, name=name, kind="function") if (offered := self._tools.get(name)) is not None:
                if offered.kind == "custom":
                    self._free[part] = FreeText()
                return (Called(part, id, offered.name, offered.kind, offered.namespace),)
            case Arguments(part=part, text=text) if part in self._free:
                told = self._free[part].take(text)
                return (Arguments(part, told),) if told else ()
            case Done(part=part) if part in self._free:
                rest = self._free.pop(part).rest()
                return (Arguments(part, rest), piece) if rest else (piece,)
        return (piece,)


class AsFunctions:
    """For an API that has functions only: free text goes into a field of the arguments."""

    def __init__(self) -> None:
        self._custom: set[int] = set()

    def take(self, piece: Piece) -> Sequence[Piece]:
        match piece:
            case Called(part=part, id=id, name=name, kind="custom"):
                self._custom.add(part)
                return Called(part, id, name), Arguments(part, f'{{"{INPUT}":"')
            case Arguments(part=part, text=text) if part in self._custom:
                return (Arguments(part, enclosed(text)),)
            case Done(part=part) if part in self._custom:
                self._custom.discard(part)
                return Arguments(part, '"}'), piece
        return (piece,)


def tools_of(asked: bytes, api: Api) -> Mapping[str, Offered]:
    """The tools that a request offers, by the names an upstream knows them by; none where all are plain functions."""
    if not any(word in asked for word in _SPECIAL):
        return {}
    try:
        return offered_tools(asked, api)
    except BadRequest:
        return {}  # It was converted with what it goes on from, without which it cannot be read.
