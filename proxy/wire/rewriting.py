"""Edits to the texts of a document, each made where the text stands; what is not edited keeps its bytes.

A document is opened level by level, as far as its texts need it: an object is then a dict and a list a list, of JSON
that is still written, and the encoder puts all of it together again.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from middleware.messages import Edit, Edits, Role

Object: TypeAlias = dict[str, Any]

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NULL: Final = b"null"


class Slot(NamedTuple):
    """A text, and where it stands."""

    holder: Object
    name: str
    text: str


def opened(document: msgspec.Raw | bytes) -> Object:
    """An object a level deep; empty where it is none."""
    try:
        return _OBJECT.decode(document)
    except _UNREADABLE:
        return {}


def object_at(holder: Object, name: str) -> Object:
    """What `holder` has there, opened in place; an object of nobody's where it is none."""
    written = holder.get(name, _NULL)
    if isinstance(written, dict):
        return written
    if found := opened(written):
        holder[name] = found
    return found


def objects_at(holder: Object, name: str) -> Sequence[Object]:
    """The objects in the list that `holder` has there, opened in place."""
    written = holder.get(name, _NULL)
    if isinstance(written, dict | list):
        return [each for each in written if isinstance(each, dict)]  # It has been opened.
    try:
        items: list[Any] = list(_LIST.decode(written))
    except _UNREADABLE:
        return ()
    holder[name] = items
    found = []
    for place, item in enumerate(items):
        if each := opened(item):
            items[place] = each
            found.append(each)
    return found


def text_at(holder: Object, name: str) -> Sequence[Slot]:
    """The one text that `holder` has there, if it is a text and says anything."""
    written = holder.get(name, _NULL)
    if isinstance(written, dict | list):
        return ()  # It has been opened.
    try:
        text = _TEXT.decode(written)
    except _UNREADABLE:
        return ()
    return (Slot(holder, name, text),) if text else ()


def object_text(written: msgspec.Raw) -> str:
    """The arguments of a call that are an object, as compact JSON; "" where there are none. Those that are no JSON are
    kept as text."""
    try:
        found = msgspec.json.decode(written)
    except _UNREADABLE:
        return bytes(written).decode("utf-8", "replace")
    return found if isinstance(found, str) else msgspec.json.encode(found).decode() if found else ""


def as_object(text: str) -> msgspec.Raw | Object:
    """Arguments that must be an object: what is none is the `text` of one."""
    written = text.encode("utf-8", "surrogatepass")
    try:
        _OBJECT.decode(written)
    except _UNREADABLE:
        return {"text": text}
    return msgspec.Raw(written)


def edit(slots: Sequence[Slot], role: Role, edits: Edits) -> bool:
    """Make the edits to what the slots say together. Whether there were any."""
    texts = [slot.text for slot in slots]
    made = edits(role, "".join(texts)) if any(texts) else ()
    if not made:
        return False
    for slot, text in zip(slots, edited(texts, made), strict=True):
        if text != slot.text:
            slot.holder[slot.name] = text
    return True


def edit_object(holder: Object, name: str, role: Role, edits: Edits) -> bool:
    """Likewise, to an object that is read as compact JSON."""
    text = object_text(holder.get(name, msgspec.Raw(b"{}")))
    made = edits(role, text) if text else ()
    if made:
        holder[name] = as_object("".join(edited([text], made)))
    return bool(made)


def edited(texts: Sequence[str], edits: Sequence[Edit]) -> list[str]:
    """The texts after these edits to what they say together.

    An edit goes into the first text that it takes characters from, and is cut out of the others. What is put between
    two texts, and takes nothing from either, ends the first.
    """
    found: list[str] = []
    begins = 0
    waiting = list(edits)
    for place, text in enumerate(texts):
        ends, last = begins + len(text), place == len(texts) - 1
        written, copied = [], begins
        while waiting and (waiting[0].start < ends or (waiting[0].start == ends and (_adds(waiting[0]) or last))):
            start, end, words = waiting.pop(0)
            written += [text[copied - begins : max(start, copied) - begins], words]
            copied = min(max(end, copied), ends)
            if end > ends and not last:
                waiting.insert(0, Edit(ends, end, ""))  # The rest of it is cut out of the next.
                break
        found.append("".join([*written, text[copied - begins :]]))
        begins = ends
    return found


def _adds(edit: Edit) -> bool:
    return edit.start == edit.end
