"""The cheap rules for prompt injection: phrases, marks of a conversation's own record, and text that hides.

Most text says nothing that any rule is about, and that is known from one pass of RE2.
Every pass is linear in the text's length.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import re2  # type: ignore[import-untyped]  # it comes without types

from policies.guardrails.injection.decoding import decoded
from policies.guardrails.injection.phrases import PHRASES, REASONS
from policies.guardrails.injection.reading import Reading, is_plain, read

VERSION: Final = 1
"""Of the rules as a whole: one more wherever any of them finds more or less than before."""


class Found(NamedTuple):
    """`reason` says to a person what was found, without its words. `start` and `end` are characters of the text, and
    None where what was found is in no one place of it, or is written otherwise there."""

    rule: str
    reason: str
    start: int | None
    end: int | None
    version: int = VERSION


_SPEAKERS: Final = ("system", "developer")
_SPEAKERS_STRICT: Final = ("assistant", "human")
"""Transcripts that people keep name them too."""
_SPEAKS: Final = re.compile(
    r"(?:(?:system|developer)(?: (?:message|note|prompt|override|update))?|assistant|human)[\])*]{0,3} ?:(?!:)"
)
_TURN: Final = re.compile(r"(?:^|[\n.!?]) ?[>*#\[(]{0,4} ?$")
"""What stands before a speaker's name where a turn begins."""

_ESCAPES: Final = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|&#x?[0-9a-fA-F]{2,6};|%[0-9a-fA-F]{2}){12}")
_ESCAPE_MARKS: Final = ("\\x", "\\u", "&#")
_BLOB: Final = re.compile(r"[A-Za-z0-9+/_-]{80,}")
_LONG: Final = 80
_ENCODED: Final = "it holds a passage that only a machine reads"

_AS_LETTERS: Final = str.maketrans("0134578", "oieastb")
_VOCABULARY: Final = frozenset().union(*(some for phrase in PHRASES for some in phrase.words if phrase.words))

_SPELT: Final = _VOCABULARY.union(
    ["above", "act", "as", "behave", "before", "bound", "given", "mode"],
    ["now", "on", "pretend", "so", "that", "to", "you"],
)
"""Words that are looked for in digits too."""

_LENIENT: Final = tuple(phrase for phrase in PHRASES if not phrase.strict)
_SIGNS: Final = (
    # A phrase of these has such a sign in it, and so has each speaker.
    *(phrase.sign for phrase in _LENIENT),
    r"(?:system|developer)[\w\s]{0,12}[\])*]{0,3}\s?:",
    # Letters apart, digits for letters, and escapes.
    r"(?:\b[a-z]\b[^a-z0-9]{1,2}){11}",
    r"[a-z][0134578]+[a-z]",
    r"\b[0134578]+[a-z]{2}",
    r"\\[xu][0-9a-f]{2}|&#|%[0-9a-f]{2}%",
)
_SIGN: Final = re2.compile("(?i)" + "|".join(f"(?:{sign})" for sign in _SIGNS))
_CODED: Final = re2.compile(r"[A-Za-z0-9+/_-]{20}|[01]{8}|%[0-9A-Fa-f]{2}|\\[xu]|&#")
"""What `decoded` and `_encoded` look at."""


def find(text: str) -> list[Found]:
    """What a guardrail is to know, each rule once. Phrases that plain text and code use too are left to `find_all`."""
    found = {each.rule: each for each in reversed(list(_lenient(text)))}
    if _CODED.search(text):
        for told in decoded(text):
            for each in _lenient(told):
                found.setdefault(each.rule, each._replace(start=None, end=None))
        if _encoded(text):
            found["injection.encoded"] = Found("injection.encoded", _ENCODED, None, None)
    return list(found.values())


def find_all(text: str, reading: Reading) -> Iterator[tuple[str, str]]:
    """Rules and reasons, the strict ones too, for text that may hold nothing of the kind. What `decoded` tells of the
    text is the caller's to ask about."""
    yield from _hidden(reading)
    for phrase in PHRASES:
        if phrase.tried(reading.words, reading.plain) and phrase.pattern.search(reading.plain):
            yield phrase.rule, phrase.reason
    if _turn(reading, _SPEAKERS + _SPEAKERS_STRICT):
        yield "injection.role", REASONS["role"]
    if _encoded(text):
        yield "injection.encoded", _ENCODED


def _lenient(text: str) -> Iterator[Found]:
    if is_plain(text) and not _SIGN.search(text):
        return
    reading = read(text)
    for rule, reason in _hidden(reading):
        yield Found(rule, reason, None, None)
    for phrase in _LENIENT:
        if phrase.tried(reading.words, reading.plain) and (match := phrase.pattern.search(reading.plain)):
            yield Found(phrase.rule, phrase.reason, *_place(text, match.group()))
    if _turn(reading, _SPEAKERS):
        yield Found("injection.role", REASONS["role"], None, None)


def _place(text: str, match: str) -> tuple[int, int] | tuple[None, None]:
    """Where the text says what its reading does, in whatever case and with whatever spaces."""
    written = re.search(r"\s+".join(map(re.escape, match.split())), text, re.IGNORECASE)
    return written.span() if written else (None, None)


def _hidden(reading: Reading) -> Iterator[tuple[str, str]]:
    if reading.hidden:
        yield "injection.hidden", f"it hides {reading.hidden} characters from whoever reads it"
    if sum(word.translate(_AS_LETTERS) in _SPELT for word in reading.words if _spelt(word)) > 1:
        yield "injection.hidden", "it writes digits for letters"


def _spelt(word: str) -> bool:
    """Of letters and digits."""
    return word.isalnum() and not word.isalpha() and not word.isdigit()


def _turn(reading: Reading, speakers: tuple[str, ...]) -> bool:
    """Whether a speaker that only a conversation's own record has is named, with a colon."""
    lines = reading.lines
    for name in speakers:
        place = lines.find(name) if name in reading.words else -1
        while place >= 0:
            if _SPEAKS.match(lines, place) and _TURN.search(lines[max(0, place - 8) : place]):
                return True
            place = lines.find(name, place + 1)
    return False


def _encoded(text: str) -> bool:
    """Escapes in a row, or a long word in base64."""
    if (any(mark in text for mark in _ESCAPE_MARKS) or text.count("%") > 11) and _ESCAPES.search(text):
        return True
    long = (word for word in text.split() if len(word) >= _LONG)
    return any(_mixed(blob.group()) for word in long for blob in _BLOB.finditer(word) if "://" not in word)


def _mixed(blob: str) -> bool:
    """Base64 mixes its characters, a hash or a path does not."""
    kinds = (any(map(str.isupper, blob)), any(map(str.islower, blob)), any(map(str.isdigit, blob)))
    return all(kinds) and blob.count("-") + blob.count("_") < len(blob) // 10
