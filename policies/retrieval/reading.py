"""Text as a model may read it, whatever it looks like: one form for letters that look alike, and nothing hidden."""

import unicodedata
from typing import Final, NamedTuple

_LOOK_ALIKES: Final = str.maketrans(
    "абвгеёзиіјклмнорстухѕԁһԛԝєАВЕЅІЈКМНОРСТХУԌαβεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "a6breesuijklmhopctyxsdhqweABESIJKMHOPCTXYGaBeikvoptuxABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters that pass for Latin ones, where a word mixes them."""
_JOINERS: Final = frozenset("\u200c\u200d")
"""Persian and Indic words and joined emoji need them; between Latin letters they only hide."""
_FLAG: Final = "\U0001f3f4"
"""The black flag, after which tag characters spell a region; it is the one place for them."""


class Reading(NamedTuple):
    """`plain` is in lower case with single spaces; `hidden` counts characters that nobody sees."""

    plain: str
    hidden: int


def read(text: str) -> Reading:
    """Linear in the text's length; text in ASCII is read at once."""
    if text.isascii():
        return Reading(" ".join(text.lower().split()), 0)
    seen: list[str] = []
    hidden = 0
    in_flag = False
    for place, char in enumerate(text):
        code = ord(char)
        if code < 0x80:
            in_flag = False
            seen.append(char)
        elif 0xE0000 <= code <= 0xE007F:
            hidden += not in_flag
        elif char in _JOINERS:
            hidden += _between_latin(text, place)
        elif code == 0xFEFF or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
            # One selects how an emoji looks; a row of them is writing.
            hidden += place > 0 and _selects(text[place - 1])
        elif unicodedata.category(char) == "Cf":
            hidden += 1
        else:
            in_flag = char == _FLAG
            seen.append(char)
    folded = unicodedata.normalize("NFKC", "".join(seen))
    words = (word.translate(_LOOK_ALIKES) if _mixes(word) else word for word in folded.split())
    return Reading(" ".join(words).lower(), hidden)


def _between_latin(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def _selects(before: str) -> bool:
    return 0xFE00 <= ord(before) <= 0xFE0F or 0xE0100 <= ord(before) <= 0xE01EF


def _mixes(word: str) -> bool:
    """Whether it has Latin letters beside others."""
    if word.isascii():
        return False
    return any(char.isascii() and char.isalpha() for char in word)
