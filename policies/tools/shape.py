"""The shape of a tool call's arguments: which fields it has, and of what kind their values are, never the values.

A tool that fails for one shape of arguments and not for others needs a note, not a breaker.
"""

import re
from typing import Any, Final

import msgspec

NOT_JSON: Final = "not JSON"
_MOST_FIELDS: Final = 12
_LONG: Final = 100
_NAME: Final = 40

_FORMATS: Final = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S{0,20}"),
    "slashed date": re.compile(r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}"),
    "written date": re.compile(
        r"(?i:(?:\d{1,2}\.? )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? .{1,12})"
    ),
    "number as text": re.compile(r"[-+]?\d{1,20}(?:\.\d{1,20})?"),
    "identifier": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "email": re.compile(r"[^\s@]{1,100}@[^\s@]{1,100}"),
    "url": re.compile(r"[a-z]{2,10}://\S{1,2000}"),
    "word": re.compile(r"\S{1,100}"),
}
"""What a text may look like, the narrower first."""


def shape_of(arguments: str) -> str:
    """`city: word, date: date`, the fields by name; what is not a JSON object is named by what it is."""
    try:
        given = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        return NOT_JSON
    if not isinstance(given, dict):
        return kind_of(given)
    fields = sorted(given.items())
    told = [f"{name[:_NAME]}: {kind_of(value)}" for name, value in fields[:_MOST_FIELDS]]
    return ", ".join([*told, *(["…"] if len(fields) > _MOST_FIELDS else [])]) or "no arguments"


def kind_of(value: Any) -> str:
    """One of a dozen words for a JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case list():
            return "list" if value else "empty list"
        case dict():
            return "object" if value else "empty object"
        case "":
            return "empty text"
        case str():
            short = value if len(value) <= _LONG else ""
            return next(
                (name for name, form in _FORMATS.items() if form.fullmatch(short)), "text" if short else "long text"
            )
    return "text"
