"""Text as it is read, for rules to look at, and the way back from there to the text as it is written.

What nobody sees (zero-width characters, tags, marks of direction) is left out, digits and letters in full width or in
mathematical fonts are plain ones, and in JSON an escape is the character it stands for. So a secret cannot hide, and
the mask covers all that hides in it. A character as read is one or more as written; a text's view is that of its parts.
"""

import re
import unicodedata
from typing import Final

from policies.guardrails.programs import Program
from policies.guardrails.unseen import UNSEEN

_DIGITS: Final = "".join(
    f"{chr(zero)}-{chr(zero + 9)}"
    for zero in (
        *(0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0),
        *(0xF20, 0x1040, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1B50, 0x1C40, 0xA620, 0xA8D0, 0xA9D0, 0xABF0),
    )
)
"""Of other scripts that are in use."""
_CLASS: Final = (
    UNSEEN.pattern.removesuffix("]")
    + _DIGITS
    + "\u00a0\u00b2\u00b3\u00b9\u2000-\u200a\u2010-\u2013\u202f\u205f\u2070-\u209c\u2100-\u214f\u2212\u2460-\u24ff"
    + "\u3000\uff01-\uff5e\U0001d400-\U0001d7ff\U0001f130-\U0001f149]"
)
"""What is not seen, and what may be read as a character of ASCII: letters, digits, dashes and spaces."""
_ODD: Final = re.compile(_CLASS)
_ANY_ODD: Final = Program(_CLASS)
_DASHES: Final = frozenset("\u2010\u2011\u2012\u2013\u2212")

_HIGH: Final = r"u[dD][89abAB][0-9a-fA-F]{2}"
_ESCAPE: Final = re.compile(
    rf"\\(?:{_HIGH}\\u[dD][c-fC-F][0-9a-fA-F]{{2}}|u[0-9a-fA-F]{{4}}|[\s\S])",
)
_BEGUN: Final = re.compile(
    rf"(?:^|[^\\])(?:\\\\)*(\\(?:u[0-9a-fA-F]{{0,3}}|{_HIGH}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?)?)\Z"
)
_SHORT: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class View:
    """`data` is what is read, in UTF-8."""

    def __init__(self, text: str, *, json: bool = False) -> None:
        """`json`: the text is JSON, whole or the beginning of it, and it begins outside of an escape."""
        read = _ESCAPE.sub(_unescaped, text) if json and "\\" in text else text
        self.data = read.encode(errors="replace")
        if not read.isascii() and _ANY_ODD.place(self.data, 0) >= 0:
            read = _ODD.sub(_plain, read)
            self.data = read.encode(errors="replace")
        self._text = text
        self._json = json
        self._same = read is text
        self._ascii = len(read) == len(self.data)
        self._starts: list[int] | None = None
        self._last = (0, 0)

    def written(self, place: int) -> int:
        """Where in the text the character starts that is at `place` of `data`. It is cheap where places are asked for
        in their order."""
        if place == len(self.data):
            return len(self._text)
        char = place if self._ascii else self._char(place)
        if self._same:
            return char
        if self._starts is None:
            self._starts = self._characters()
        return self._starts[char]

    def _char(self, place: int) -> int:
        after, chars = self._last if self._last[0] <= place else (0, 0)
        self._last = (place, chars + len(self.data[after:place].decode()))
        return self._last[1]

    def _characters(self) -> list[int]:
        """Where each character that is read starts."""
        text, starts, after = self._text, list[int](), 0
        if self._json:
            for escape in _ESCAPE.finditer(text):
                starts += range(after, escape.start() + 1)
                after = escape.end()
        starts += range(after, len(text))
        unescaped = _ESCAPE.sub(_unescaped, text) if self._json else text
        unseen = {found.start() for found in UNSEEN.finditer(unescaped)}
        return [start for char, start in enumerate(starts) if char not in unseen] if unseen else starts


def begun(text: str) -> int:
    """Where an escape starts that JSON has only begun at its end; the text's length, where there is none."""
    found = _BEGUN.search(text) if "\\" in text else None
    return found.start(1) if found else len(text)


def _plain(found: re.Match[str]) -> str:
    char = found.group()
    if UNSEEN.match(char):
        return ""
    if char in _DASHES:
        return "-"
    digit = unicodedata.decimal(char, None)
    plain = unicodedata.normalize("NFKC", char) if digit is None else str(digit)
    return plain if len(plain) == 1 else char


def _unescaped(found: re.Match[str]) -> str:
    told = found.group()
    if len(told) == 2:
        return _SHORT.get(told[1], told[1])
    code = int(told[2:6], 16)
    if len(told) > 6:
        return chr(0x10000 + ((code - 0xD800) << 10) + int(told[8:], 16) - 0xDC00)
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)
