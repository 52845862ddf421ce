"""JSON taken apart one level deep: what is inside keeps its bytes."""

from typing import Any, Final, TypeAlias

import msgspec

Fields: TypeAlias = dict[str, msgspec.Raw]

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
NULL: Final = msgspec.Raw(b"null")
ABSENT: Final = msgspec.Raw(b"")
"""What a field is that is not there: falsy, as no JSON is."""

NONE: Final = msgspec.Raw(b"[]")
_FIELDS: Final = msgspec.json.Decoder(Fields)
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
encode: Final = msgspec.json.Encoder().encode


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(value))


def fields_in(value: bytes | msgspec.Raw | None) -> Fields:
    """The fields of an object; none where it is no object."""
    if value is None:
        return {}
    try:
        return _FIELDS.decode(value)
    except UNREADABLE:
        return {}


def items_in(value: bytes | msgspec.Raw | None) -> list[msgspec.Raw]:
    """The items of a list; none where it is no list."""
    if value is None:
        return []
    try:
        return _ITEMS.decode(value)
    except UNREADABLE:
        return []


def text_in(value: msgspec.Raw | None) -> str:
    """A string; "" where it is none."""
    found = value_in(value)
    return found if isinstance(found, str) else ""


def value_in(value: msgspec.Raw | None) -> Any:
    """None also where it cannot be held, such as a number of a thousand digits: it is passed on all the same."""
    if value is None:
        return None
    try:
        return msgspec.json.decode(value)
    except UNREADABLE:
        return None
