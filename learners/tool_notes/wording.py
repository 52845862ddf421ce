"""Makes a short note of what was found, from templates; what the tool said itself is quoted, as data.

The same findings make the same note, whatever the counts. Nothing of it may speak to the model: names of fields, values
and the tool's words are screened, and the words are shorn of the arguments that a call held.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from learners.tool_notes.calls import Tried
from learners.tool_notes.mining import Finding
from learners.tool_notes.predicates import Predicate
from policies.retrieval.screening import screen

_LONGEST: Final = 160
_SAID_BY: Final = 3
"""Sessions that were told the same."""
_MASK: Final = "…"
_TELLING: Final = 3
"""Characters: shorter values stand in any text by chance."""

_KINDS: Final = {
    "date": "an ISO date (YYYY-MM-DD)",
    "time": "an ISO time (YYYY-MM-DDThh:mm)",
    "slashed date": "a date with slashes or dots",
    "written date": "a date in words",
    "number as text": "a number in quotes",
    "identifier": "a UUID",
    "email": "an e-mail address",
    "url": "a URL",
    "word": "a single word",
    "text": "a text of several words",
    "long text": "a text of more than 100 characters",
    "empty text": "empty",
    "integer": "a whole number",
    "number": "a decimal number",
    "boolean": "true or false",
    "null": "null",
    "list": "a list",
    "empty list": "an empty list",
    "object": "an object",
    "empty object": "an empty object",
}
_FRAMEWORKS: Final = re.compile(
    r"^(?:an error occurred while running the tool\. please try again\. ?)?(?:error: ?)?"
    r"(?:[A-Za-z_.]{0,60}(?:Error|Exception): ?)?",
    re.IGNORECASE,
)


_MESSAGES: Final = ("error", "message", "detail", "content", "text")


class Note(NamedTuple):
    """`quoted` is what the tool said, where that may be told; `refused` names the rule that kept it out."""

    text: str
    quoted: str = ""
    refused: str | None = None


def word(findings: Sequence[Finding]) -> Note | None:
    """None where nothing can be said: names or values are not fit for a prompt."""
    told = [text for finding in findings if screen(text := _told(finding.predicate)).passed]
    if not told:
        return None
    text = f"Past calls: {'; '.join(told)}."
    quoted = said_by([call for finding in findings for call in finding.calls])
    if not quoted:
        return Note(text)
    verdict = screen(quoted)
    if not verdict.passed:
        return Note(text, refused=verdict.rule)
    return Note(f"{text} It then answers: {json.dumps(quoted, ensure_ascii=False)}", quoted)


def said_by(calls: Sequence[Tried]) -> str:
    """What most of these failures said, in a line, without what was in the arguments; "" where few said the same."""
    sessions: dict[str, set[str]] = {}
    counted: Counter[str] = Counter()
    for call in calls:
        line = _line(call)
        sessions.setdefault(line, set()).add(call.session)
        counted[line] += 1
    for line, _ in sorted(counted.items(), key=lambda each: (-each[1], each[0])):
        if line and len(sessions[line]) >= _SAID_BY:
            return line
    return ""


def _told(predicate: Predicate) -> str:
    field, value = f"`{predicate.field}`", predicate.value
    match predicate.test:
        case "missing":
            return f"fail without {field}"
        case "present":
            return f"fail with {field}; leave it out"
        case "kind":
            return f"fail when {field} is {_KINDS[value]}"
        case "not kind":
            return f"work only when {field} is {_KINDS[value]}"
        case "equals":
            return f"fail when {field} is {json.dumps(value, ensure_ascii=False)}"
        case "before":
            return f"fail when {field} is before {date.fromordinal(value)}"
        case "from":
            return f"fail when {field} is {date.fromordinal(value)} or later"
        case "below":
            return f"fail when {field} is less than {value:g}"
        case "above":
            return f"fail when {field} is more than {value:g}"
        case "longer":
            return f"fail when {field} has more than {value} characters"


def _line(call: Tried) -> str:
    said = _message(call.said)
    said = _FRAMEWORKS.sub("", " ".join(said.split()), count=1)
    for text in sorted(_texts(call.fields), key=len, reverse=True):
        said = said.replace(text, _MASK)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1].rstrip()}…"


def _message(said: str) -> str:
    """The words of an error, of a JSON document its message."""
    try:
        given: Any = msgspec.json.decode(said)
    except (msgspec.DecodeError, RecursionError):
        return said
    for _ in range(3):
        if isinstance(given, dict):
            given = next((given[name] for name in _MESSAGES if given.get(name)), "")
        elif isinstance(given, list):
            given = given[0] if given else ""
    return given if isinstance(given, str) else ""


def _texts(fields: Mapping[str, Any]) -> set[str]:
    """What the arguments held, as an error may repeat it."""
    given = (value for value in fields.values() if isinstance(value, str | int | float))
    return {text for value in given if len(text := str(value)) >= _TELLING}
