"""The text of an answer's messages, read and replaced part by part; what is not replaced keeps its bytes."""

import hashlib
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Final

import msgspec

from proxy.wire.responses.raw import NONE, NULL, Fields, encode, fields_in, items_in, raw, text_in

_TEXT: Final = msgspec.Raw(b'"output_text"')


def with_output_text(body: bytes, text: str) -> bytes:
    """A response document that says `text`: its first text part all of it, any other nothing."""
    response = fields_in(body)
    if not response:
        return body  # Nothing was read from it either.
    output = items_in(response.get("output"))
    texts = chain((text,), repeat(""))
    last: int | None = None
    for place, item in enumerate(output):
        if is_message(item):
            last, output[place] = place, with_texts(item, lambda _: next(texts))
    if left := next(texts):
        # No part could take it.
        if last is None:
            output.append(msgspec.Raw(message_item(message_id(body), left)))
        else:
            output[last] = with_parts(output[last], [text_part(left)])
    return encode({**response, "output": output})


def is_message(item: msgspec.Raw) -> bool:
    fields = fields_in(item)
    return text_in(fields["type"]) == "message" if "type" in fields else "role" in fields


def is_text(part: Fields) -> bool:
    return bytes(part.get("text", NULL)).startswith(b'"')


def with_texts(message: msgspec.Raw, text_at: Callable[[int], str | None]) -> msgspec.Raw:
    """The message with these texts in its text parts, without those that have none; itself where they are its own.

    A plain text is part 0.
    """
    fields = fields_in(message)
    content = fields.get("content", NULL)
    if bytes(content).startswith(b'"'):
        whole = text_at(0) or ""
        return message if text_in(content) == whole else raw({**fields, "content": whole})
    parts: list[msgspec.Raw | Fields] = []
    for place, part in enumerate(before := items_in(content)):
        if not is_text(had := fields_in(part)):
            parts.append(part)
        elif (text := text_at(place)) is not None:
            parts.append(part if (told := retold(had, text)) is had else told)
    return message if parts == before else raw({**fields, "content": parts})


def with_parts(message: msgspec.Raw, parts: Sequence[Fields]) -> msgspec.Raw:
    """The message with these parts after its own."""
    fields = fields_in(message)
    return raw({**fields, "content": [*items_in(fields.get("content")), *parts]})


def retold(part: Fields, text: str) -> Fields:
    """A text part that says `text`. What was said of the text it had, word by word, does not hold for this one."""
    if is_text(part) and text_in(part["text"]) == text:
        return part
    changed = {**part, "text": raw(text), "annotations": NONE}
    if "logprobs" in part:
        changed["logprobs"] = NONE
    return changed


def text_part(text: str) -> Fields:
    return retold({"type": _TEXT, "logprobs": NONE}, text)


def message_item(id: str, text: str | None, *, status: str = "completed") -> bytes:
    """A message of the assistant, with a text part unless `text` is None."""
    content = [] if text is None else [text_part(text)]
    return encode({"id": id, "type": "message", "status": status, "role": "assistant", "content": content})


def message_id(*of: bytes) -> str:
    """An id that only a message with this origin has."""
    return "msg_" + hashlib.blake2b(b"\0".join(of), digest_size=24).hexdigest()
