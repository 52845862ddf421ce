"""Text as a model may read it, whatever it looks like: one form for letters that look alike, and nothing hidden."""

import re
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
UNSEEN: Final = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
"""All of Unicode's format characters, and those that select how another looks."""
_OTHER_ALPHABETS: Final = re.compile("[\u0370-\u052f]")
_WORD: Final = re.compile(r"\w+")
_APART: Final = re.compile(r"(?:\b[a-z]\b[^a-z0-9]{1,2}){11}")
_APART_FROM: Final = 12


class Reading(NamedTuple):
    """All in lower case. `plain` has single spaces, `lines` the text's own; `words` are those of `plain`. `hidden`
    counts characters that nobody sees, and letters that are set apart to be no words."""

    plain: str
    lines: str
    words: frozenset[str]
    hidden: int


def read(text: str) -> Reading:
    """Linear in the text's length; text in ASCII is read fast."""
    hidden = 0
    if not text.isascii():
        if UNSEEN.search(text):
            text, hidden = _seen(text)
        text = unicodedata.normalize("NFKC", text)
        if _OTHER_ALPHABETS.search(text):
            text = _WORD.sub(_latin, text)
    lines = text.lower()
    plain = " ".join(lines.split())
    words = _WORD.findall(plain)
    if sum(len(word) == 1 for word in words) >= _APART_FROM:
        hidden += sum(len(found) // 2 for found in _APART.findall(plain))
    return Reading(plain, lines, frozenset(words), hidden)


def is_plain(text: str) -> bool:
    """Whether it is read as it stands, but for capitals and spaces."""
    return text.isascii() or (
        unicodedata.is_normalized("NFKC", text) and not UNSEEN.search(text) and not _OTHER_ALPHABETS.search(text)
    )


def _seen(text: str) -> tuple[str, int]:
    """What is left without what nobody sees, and how much that was."""
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
        elif _selects(code):
            # One says how an emoji looks; a row of them is writing.
            hidden += place > 0 and _selects(ord(text[place - 1]))
        elif code == 0xFEFF and place == 0:
            continue
        elif UNSEEN.match(char):
            hidden += 1
        else:
            in_flag = char == _FLAG
            seen.append(char)
    return "".join(seen), hidden


def _between_latin(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def _selects(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def _latin(word: re.Match[str]) -> str:
    """A word that mixes Latin letters with others that look like them is read as Latin."""
    told = word.group()
    if told.isascii() or not any(char.isascii() and char.isalpha() for char in told):
        return told
    return told.translate(_LOOK_ALIKES)
