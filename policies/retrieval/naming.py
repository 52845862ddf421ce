"""Text that says what may be done with one of an agent's own tools."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from policies.guardrails.injection.reading import Reading, read

Found = tuple[str, str]

_VERBS: Final = re.compile(
    r"\b(?:call|use|using|invoke|run|execute|trigger|allow|permi|enabl|authori|approv|grant|may|must|can|should|always)"
)
_NEAR: Final = 80


def find_tool(reading: Reading, tools: Collection[str]) -> Iterator[Found]:
    """Names that are words of the language, as `search`, are left to the other rules."""
    for name in tools:
        told = read(name).plain
        place = -1 if name.isalpha() and name in (told, name.title()) else reading.plain.find(told)
        if place < 0:
            continue
        around = reading.plain[max(0, place - _NEAR) : place + len(told) + _NEAR]
        if _VERBS.search(around.replace(told, " ")):
            yield "injection.tool", f"it says what may be done with the tool {name!r}"
