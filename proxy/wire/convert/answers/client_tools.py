"""Calls of functions that stand for other tools, told as calls of the tools that the client offered.

An upstream that knows only functions was offered functions in their place: see `requests.tools`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from proxy.errors import BadRequest
from proxy.wire.convert.answers.free_text import FreeText
from proxy.wire.convert.pieces import Api, Arguments, Called, Done, Finished, Piece
from proxy.wire.convert.request import offered_tools
from proxy.wire.convert.requests.tools import Offered

_SPECIAL: Final = re.compile(rb'"(?:custom|namespace|tool_search)"|"name"\s*:\s*"[^"]{65}')
"""What a request has in it that offers other tools than functions, or names that are too long elsewhere."""


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
                return (*self._rest(part), piece)
            case Finished():
                return (*(rest for part in list(self._free) for rest in self._rest(part)), piece)
        return (piece,)

    def _rest(self, part: int) -> Sequence[Piece]:
        rest = self._free.pop(part).rest()
        return (Arguments(part, rest),) if rest else ()


def tools_of(asked: bytes, api: Api) -> Mapping[str, Offered]:
    """The tools that a request offers, by the names an upstream knows them by; none where all are plain functions."""
    if _SPECIAL.search(asked) is None:
        return {}
    try:
        return offered_tools(asked, api)
    except BadRequest:
        return {}  # It was converted with what it goes on from, without which it cannot be read.
