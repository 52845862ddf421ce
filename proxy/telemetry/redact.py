"""Secrets masked in text before it is recorded: provider keys, tokens, private keys, passwords in URLs.

Nearly every body is clean, so the search for a reason to look closer is what costs: every kind of token is a run of at
least twenty of the same characters, and one pass that maps bytes to "may be part of a token" finds those.
"""

import re
from collections.abc import Sequence
from typing import Final

from proxy.telemetry.strings import change_strings

MASK: Final = "[redacted]"

_PREFIXES: Final = (
    r"(?:sk|rk|pk)[-_]|bn-|gsk_|csk-|hf_|xai-|pplx-|r8_|nvapi-|AIza|AKIA|ASIA|gh[opusr]_|github_pat_|glpat-|npm_|"
    r"xox[abeoprs]-|eyJ"
)
_TOKEN: Final = re.compile(_PREFIXES.encode())
_RUN: Final = 20
_SHAPE: Final = bytes(ord("x") if chr(c).isascii() and (chr(c).isalnum() or chr(c) in "_-") else 32 for c in range(256))
_LONG: Final = b"x" * _RUN

# A token begins where no other word runs into it; the n of an escaped line break is no such word.
_BEGIN: Final = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf]))"
# Words joined by hyphens are lower case; a token of twenty characters and more almost surely is not.
_RANDOM: Final = r"(?=[a-z_-]*[A-Z0-9])"
_SECRETS: Final = re.compile(
    rf"{_BEGIN}(?:eyJ[\w-]{{8,}}\.[\w-]{{4,}}(?:\.[\w-]*)?|(?!eyJ)(?:{_PREFIXES}){_RANDOM}[\w-]{{10,}})"
    rf"|(?P<scheme>\b[Bb]earer +){_RANDOM}[\w.~+/=-]{{20,}}"
    # An escape (\n, or \\n in JSON within JSON) is taken whole or not at all, so that the JSON stays JSON.
    r"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"
    r"(?:(?:[\w+/=\s:,.-]|\\+[nrt/]){0,20000}?-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"
    r"|(?:[\w+/=\s]|\\+[nrt/]){0,20000})",
    re.ASCII,
)
_PASSWORD: Final = re.compile(r"(:\\*/\\*/[^\s\"'/@:\\]*:)[^\s\"/@\\]+(?=@)")


class Redactor:
    """`redactor(text)` is the text without its secrets; JSON stays JSON. `patterns` mask more, within JSON strings."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __call__(self, text: str) -> str:
        if _suspicious(text):
            text = _SECRETS.sub(_masked, text)
        if "@" in text:
            text = _PASSWORD.sub(rf"\1{MASK}", text)
        if self._patterns:
            text = change_strings(text, self._own)
        return text

    def _own(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(MASK, text)
        return text


def _suspicious(text: str) -> bool:
    """Whether there may be a token or a private key; False is certain."""
    data = text.encode(errors="replace")
    shape = data.translate(_SHAPE)
    start = shape.find(_LONG)
    while start >= 0:
        if _TOKEN.match(data, start) or data[start - 7 : start].lower() == b"bearer ":
            return True
        # `\nsk-…`: the run begins with the letter of an escape.
        if data[start - 1 : start] == b"\\" and _TOKEN.match(data, start + 1):
            return True
        end = shape.find(b" ", start)
        start = shape.find(_LONG, end) if end >= 0 else -1
    # One rare letter is found ten times faster than the words.
    return "V" in text and "PRIVATE KEY" in text


def _masked(found: re.Match[str]) -> str:
    return (found["scheme"] or "") + MASK
