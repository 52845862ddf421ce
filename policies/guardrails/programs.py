"""Regular expressions that take a time linear in the text, whatever the text and the expression: RE2, with types.

Text is given as UTF-8, for that is what RE2 reads; places are bytes of it. Of the matches at the leftmost place, the
longest is meant.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import re2  # type: ignore[import-untyped]  # it comes without types

_MEMORY: Final = 64 << 20
"""Bytes that an expression's states may take. They are made as text asks for them; with too few, RE2 would go on
without them, and be slower by far."""


_ANYWHERE: Final = re2._re2.RE2.Anchor.UNANCHORED


class BadPattern(ValueError):
    """RE2 cannot read it, and says why."""


class Found(NamedTuple):
    """`start` and `end` of all that was matched; `inner` and `inner_end` of its group, or of all without one."""

    start: int
    end: int
    inner: int
    inner_end: int


class Program:
    def __init__(self, pattern: str) -> None:
        try:
            self._compiled = re2.compile(pattern.encode(), _options())
        except (re2.error, UnicodeEncodeError) as error:
            raise BadPattern(_said(error)) from None
        # What `search` itself asks. It makes an object of each match, which takes twice as long as all the rest here.
        self._spans = self._compiled._regexp.Match

    def place(self, text: bytes, start: int) -> int:
        """Where the first match from `start` on starts; -1 where there is none."""
        place: int = self._spans(_ANYWHERE, text, start, len(text))[0][0]
        return place

    def find(self, text: bytes, start: int) -> Found | None:
        """The first match from `start` on; what stands before counts for `^` and `\\b`."""
        (begin, end), *groups = self._spans(_ANYWHERE, text, start, len(text))
        if begin < 0:
            return None
        for inner, inner_end in groups:
            if inner < inner_end:
                return Found(begin, end, inner, inner_end)
        return Found(begin, end, begin, end)

    def runs_to(self, text: bytes, start: int) -> int:
        """Where a match that starts right at `start` ends; `start`, where there is none."""
        found = self._compiled.match(text, start)
        return start if found is None else int(found.end())


class ProgramSet:
    """Which of many expressions are found in a text, in one pass over it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._set = re2.Set.SearchSet(_options())
        self._all: list[int] = [self._set.Add(pattern.encode()) for pattern in patterns]
        self._set.Compile()

    def which(self, text: bytes) -> list[int]:
        """Their places among those given. Ask only where one is known to be found: where RE2 has no memory left to
        tell which, it is all of them."""
        return self._set.Match(text) or self._all


def literal(text: str) -> str:
    """The expression for the text itself."""
    return str(re2.escape(text))


def _options() -> object:
    options = re2.Options()
    options.longest_match = True
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


def _said(error: Exception) -> str:
    told = error.args[0] if error.args else error
    return told.decode(errors="replace") if isinstance(told, bytes) else str(told)
