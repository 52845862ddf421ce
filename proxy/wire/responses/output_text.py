"""The text of an answer's messages, read and replaced part by part; what is not replaced keeps its bytes."""

import hashlib
from typing import Any, Final, TypeAlias

import msgspec

from proxy.wire.responses.event import UNREADABLE

Fields: TypeAlias = dict[str, msgspec.Raw]

FIELDS: Final = msgspec.json.Decoder(Fields)
ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_EMPTY: Final = msgspec.Raw(b"[]")
_TEXT: Final = msgspec.Raw(b'"output_text"')
_MESSAGE: Final = b'"message"'
_encode: Final = msgspec.json.Encoder().encode


def with_output_text(body: bytes, text: str) -> bytes:
    """A response document that says `text`: its first text part all of it, any other nothing."""
    try:
        response = FIELDS.decode(body)
        output = ITEMS.decode(response.get("output", _EMPTY))
        said = [place for place, item in enumerate(output) if is_message(item)]
        left: str | None = text
        for place in said:
            output[place], left = _retold(output[place], left)
        if left:
            place = len(output) if not said else said[-1]
            output[place:] = [_with_part(output[place], left) if said else _message(body, left), *output[place + 1 :]]
    except UNREADABLE:
        return body  # Nothing was read from it either.
    response["output"] = raw(output)
    return _encode(response)


def is_message(item: msgspec.Raw) -> bool:
    return bytes(FIELDS.decode(item).get("type", _EMPTY)) == _MESSAGE


def is_text(part: Fields) -> bool:
    return bytes(part.get("type", _EMPTY)) == bytes(_TEXT)


def retold(part: Fields, text: str) -> Fields:
    """A text part that says `text`. What was said of the text it had, word by word, does not hold for this one."""
    if part.get("text") is not None and _text(part["text"]) == text:
        return part
    changed = {**part, "text": raw(text), "annotations": _EMPTY}
    if "logprobs" in part:
        changed["logprobs"] = _EMPTY
    return changed


def text_part(text: str) -> Fields:
    return retold({"type": _TEXT, "logprobs": _EMPTY}, text)


def message_item(id: str, text: str | None, *, status: str = "completed") -> bytes:
    """A message of the assistant, with a text part unless `text` is None."""
    content = [] if text is None else [text_part(text)]
    return _encode({"id": id, "type": "message", "status": status, "role": "assistant", "content": content})


def message_id(*of: bytes) -> str:
    """An id that only a message with this origin has."""
    return "msg_" + hashlib.blake2b(b"\0".join(of), digest_size=24).hexdigest()


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def _retold(item: msgspec.Raw, text: str | None) -> tuple[msgspec.Raw, str | None]:
    """The item with `text` in its first text part; what is left of `text` for the next item: "" once it is told."""
    fields = FIELDS.decode(item)
    content = fields.get("content", _EMPTY)
    if not bytes(content).startswith(b"["):
        return raw({**fields, "content": [text_part(text)] if text else []}), ""
    parts = [FIELDS.decode(part) for part in ITEMS.decode(content)]
    for place, part in enumerate(parts):
        if is_text(part):
            parts[place], text = retold(part, text or ""), ""
    return raw({**fields, "content": parts}), text


def _with_part(item: msgspec.Raw, text: str) -> msgspec.Raw:
    fields = FIELDS.decode(item)
    return raw({**fields, "content": [*ITEMS.decode(fields.get("content", _EMPTY)), text_part(text)]})


def _message(body: bytes, text: str) -> msgspec.Raw:
    return msgspec.Raw(message_item(message_id(body), text))


def _text(value: msgspec.Raw) -> Any:
    return msgspec.json.decode(value)
