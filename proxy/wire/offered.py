"""The tools that a request offers, edited as bytes: what is not meant keeps its own.

`inside` is the field of a tool that holds its name and description, where it is not the tool itself. A list of another
shape, and every tool not named, stays as it was.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from records import JsonValue

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_encode: Final = msgspec.json.Encoder().encode


def noted(tools: bytes, notes: Mapping[str, str], *, inside: str | None = None) -> bytes:
    """A JSON list of tools in which the description of each one named in `notes` ends in its note."""
    try:
        found = _LIST.decode(tools)
        return _encode([_noted(tool, notes, inside) for tool in found])
    except msgspec.DecodeError:
        return tools


def without(tools: bytes, names: Collection[str], *, inside: str | None = None) -> bytes:
    """A JSON list of tools without those."""
    try:
        found = _LIST.decode(tools)
        return _encode([tool for tool in found if _name(tool, inside) not in names])
    except msgspec.DecodeError:
        return tools


def chosen(choice: msgspec.Raw) -> frozenset[str]:
    """The tools that a `tool_choice` of any API names: the one to call, or those that may be."""
    try:
        return frozenset(_names(msgspec.json.decode(choice)))
    except (msgspec.DecodeError, RecursionError):
        return frozenset()


def _names(choice: JsonValue) -> list[str]:
    if isinstance(choice, list):
        return [name for each in choice for name in _names(each)]
    if not isinstance(choice, dict):
        return []
    name = choice.get("name")
    held = [choice[field] for field in ("function", "custom", "allowed_tools", "tools") if field in choice]
    return [*([name] if isinstance(name, str) else []), *_names(held)]


def _name(tool: msgspec.Raw, inside: str | None) -> str | None:
    try:
        fields = _FIELDS.decode(tool)
        held = fields if inside is None else _FIELDS.decode(fields[inside])
        return _TEXT.decode(held["name"])
    except (KeyError, msgspec.DecodeError):
        return None  # Not a function's shape: none of ours.


def _noted(tool: msgspec.Raw, notes: Mapping[str, str], inside: str | None) -> msgspec.Raw:
    try:
        fields = _FIELDS.decode(tool)
        held = fields if inside is None else _FIELDS.decode(fields[inside])
        note = notes.get(_TEXT.decode(held["name"]))
        if note is None:
            return tool
        had = _TEXT.decode(held["description"]) if "description" in held else ""
    except (KeyError, msgspec.DecodeError):
        return tool
    held["description"] = msgspec.Raw(_encode(f"{had}\n\n{note}" if had else note))
    if inside is not None:
        fields[inside] = msgspec.Raw(_encode(held))
    return msgspec.Raw(_encode(fields))
