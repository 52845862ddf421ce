"""The input of a custom tool, taken as it streams from the arguments of the function that stands for it."""

import json
import re
from typing import Final

from proxy.wire.convert.requests.tools import INPUT

_OPENING: Final = f'{{"{INPUT}":"'
_SPACES: Final = re.compile(r"\s+")
_OPENED: Final = re.compile(rf'\s*\{{\s*"{INPUT}"\s*:\s*"')
_PLAIN: Final = re.compile(r'[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\]*)*')
_HALF: Final = re.compile(r"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})\Z")
_UNFINISHED: Final = re.compile(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?")


class FreeText:
    """Reads `{"input": "…"}` piece by piece; what is not of that form is free text already.

    Only what may be half a character, or the beginning of that form, is held back.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._raw = False
        self._ended = False

    def take(self, text: str) -> str:
        if self._raw:
            return text
        if self._ended:
            return ""
        self._held += text
        if not self._inside and not self._open():
            return self.rest() if self._raw else ""
        return self._read()

    def rest(self) -> str:
        """What was held back, when nothing follows."""
        held, self._held = self._held, ""
        return held

    def _open(self) -> bool:
        if opened := _OPENED.match(self._held):
            self._held = self._held[opened.end() :]
            self._inside = True
            return True
        self._raw = not _OPENING.startswith(_SPACES.sub("", self._held))
        return False

    def _read(self) -> str:
        told = ""
        while True:
            end = _end_of(_PLAIN, self._held)
            if self._held.startswith('"', end):
                told += _decoded(self._held[:end])
                self._held, self._ended = "", True
                return told
            if _UNFINISHED.fullmatch(self._held, end):
                if half := _HALF.search(self._held, 0, end):
                    end = half.start(1)
                told += _decoded(self._held[:end])
                self._held = self._held[end:]
                return told
            # A backslash that escapes nothing stands for itself.
            told += _decoded(self._held[:end]) + self._held[end]
            self._held = self._held[end + 1 :]


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found is not None else 0


def _decoded(escaped: str) -> str:
    text: str = json.loads(f'"{escaped}"', strict=False)
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
