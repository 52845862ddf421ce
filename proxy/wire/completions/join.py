"""The chunks of a streamed text completion put together into the whole they are pieces of, and a whole taken apart.

Values are never decoded: texts grow by what is between their quotes, lists by what is between their brackets.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from proxy.errors import UpstreamBroke

_Fields: TypeAlias = dict[str, msgspec.Raw]


class _Event(msgspec.Struct):
    choices: list[_Fields] | None = None


_EVENT: Final = msgspec.json.Decoder(_Event)
_FIELDS: Final = msgspec.json.Decoder(_Fields)
_INDEX: Final = msgspec.json.Decoder(int)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_dumps: Final = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")
_NO_TEXT: Final = msgspec.Raw(b'""')
_OBJECT: Final = msgspec.Raw(b'"text_completion"')


def join_chunks(events: Sequence[bytes]) -> bytes:
    """Texts concatenate, lists grow, anything else is the last one said.

    What is not of the documented shape was given to the client as it came; it cannot be part of a document.
    """
    whole: _Fields = {}
    choices: dict[int, _Fields] = {}
    for data in events:
        try:
            fields, pieces = _FIELDS.decode(data), _EVENT.decode(data).choices or ()
        except _UNREADABLE:
            continue
        for piece in pieces:
            _merge_choice(choices.setdefault(_index(piece.pop("index", _NULL)), {}), piece)
        fields.pop("choices", None)
        whole.update((name, value) for name, value in fields.items() if not _is_null(value) or name not in whole)
    whole["object"] = _OBJECT
    said = [{"index": index, **_complete(choices[index])} for index in sorted(choices)]
    return _dumps({**whole, "choices": said})


def split_completion(body: bytes, *, usage: bool) -> list[bytes]:
    """The events of a stream that says the same: all that is said, and the `usage`, if it is wanted.

    Raises `UpstreamBroke` for a document that has no choices.
    """
    try:
        whole, choices = _FIELDS.decode(body), _EVENT.decode(body).choices
    except _UNREADABLE:
        choices = None
    if choices is None:
        raise UpstreamBroke("the upstream answered with a document that is no text completion")
    counts = whole.pop("usage", _NULL)
    events = [_dumps(whole)]
    if usage and not _is_null(counts):
        events.append(_dumps({**whole, "choices": [], "usage": counts}))
    return events


def _merge_choice(into: _Fields, piece: _Fields) -> None:
    for name, value in piece.items():
        had = into.get(name)
        if had is None or _is_null(had):
            into[name] = value
        elif not _is_null(value):
            into[name] = _joined(name, had, value)


def _joined(name: str, had: msgspec.Raw, more: msgspec.Raw) -> msgspec.Raw:
    before, after = bytes(had), bytes(more)
    kinds = before[:1] + after[:1]
    if kinds == b'""':
        return msgspec.Raw(before[:-1] + after[1:]) if name == "text" else more
    if kinds == b"[[":
        opened, closed = before[:-1].rstrip(), after[1:].lstrip()
        return msgspec.Raw(opened + (b"" if opened == b"[" or closed == b"]" else b",") + closed)
    if kinds == b"{{":
        merged = _FIELDS.decode(had)
        _merge_choice(merged, _FIELDS.decode(more))
        return msgspec.Raw(_dumps(merged))
    return more


def _complete(choice: _Fields) -> _Fields:
    """With what a whole answer always has."""
    text = choice.get("text", _NULL)
    return {**choice, "text": _NO_TEXT if _is_null(text) else text, "finish_reason": choice.get("finish_reason", _NULL)}


def _index(raw: msgspec.Raw) -> int:
    try:
        return _INDEX.decode(raw)
    except _UNREADABLE:
        return 0


def _is_null(raw: msgspec.Raw) -> bool:
    return bytes(raw) == b"null"
