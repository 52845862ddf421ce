"""Where in a JSON document that comes piece by piece a place is, so that what is put there leaves it JSON."""

import json
import re
from typing import Final

_MARK: Final = re.compile(r'["\\]')


class JsonStrings:
    """Follows the document: `take` what comes, in order; `inside` then says whether its end is within a string."""

    def __init__(self) -> None:
        self.inside = False
        self._escaped = False

    def take(self, text: str) -> None:
        at = 1 if self._escaped and text else 0
        self._escaped = self._escaped and not text
        while (found := _MARK.search(text, at)) is not None:
            at = found.end()
            if found[0] == '"':
                self.inside = not self.inside
            else:
                at += 1
                self._escaped = at > len(text)

    def fitting(self, words: str) -> str:
        """These words as they may stand at this place: within a string, or as one."""
        string = json.dumps(words, ensure_ascii=False)
        return string[1:-1] if self.inside else string


def fitting(words: str, document: str, place: int) -> str:
    """The same for a place in a whole text: the words as they are where that is no JSON."""
    if not document.lstrip().startswith(("{", "[")):
        return words
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return words
    strings = JsonStrings()
    strings.take(document[:place])
    return strings.fitting(words)
