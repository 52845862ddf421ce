"""One event of a Responses stream: what kind it is, known from its first bytes where it can be."""

from typing import Any, Final

import msgspec

from proxy.wire.responses.raw import ABSENT, UNREADABLE, fields_in, value_in

ITEM_ADDED: Final = b"response.output_item.added"
ITEM_DONE: Final = b"response.output_item.done"
PART_ADDED: Final = b"response.content_part.added"
PART_DONE: Final = b"response.content_part.done"
SUMMARY_ADDED: Final = b"response.reasoning_summary_part.added"
SUMMARY_DONE: Final = b"response.reasoning_summary_part.done"
TEXT: Final = b"response.output_text.delta"
TEXT_DONE: Final = b"response.output_text.done"
ANNOTATION: Final = b"response.output_text.annotation.added"
REFUSAL: Final = b"response.refusal.delta"
REFUSAL_DONE: Final = b"response.refusal.done"
CREATED: Final = b"response.created"
IN_PROGRESS: Final = b"response.in_progress"
COMPLETED: Final = b"response.completed"
INCOMPLETE: Final = b"response.incomplete"
FAILED: Final = b"response.failed"
ERRORS: Final = frozenset((b"error", b"response.error"))
FAILURES: Final = ERRORS | {FAILED, b""}
"""What may tell of an error: an event without a type too, which is not one of this API's."""

ENDS: Final = frozenset((COMPLETED, INCOMPLETE, FAILED))
"""What nothing follows."""

LIFECYCLE: Final = ENDS | {CREATED, IN_PROGRESS, b"response.queued"}
"""The events that carry the whole response, as far as it has come."""

_TYPE: Final = b'{"type":"'
_SPACED: Final = b'{"type": "'


class Event(msgspec.Struct):
    """What is read of an event, of whatever kind."""

    type: Any = None
    sequence_number: Any = None
    output_index: Any = None
    content_index: Any = None
    summary_index: Any = None
    item_id: Any = None
    delta: Any = None
    text: Any = None
    refusal: Any = None
    arguments: Any = None
    input: Any = None
    code: Any = None
    response: msgspec.Raw = ABSENT
    item: msgspec.Raw = ABSENT
    part: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT
    message: Any = None


class _Kind(msgspec.Struct):
    type: Any = None


_EVENT: Final = msgspec.json.Decoder(Event)
_KIND: Final = msgspec.json.Decoder(_Kind)
_NOTHING: Final = Event()


def read_event(data: bytes) -> Event:
    """Empty where it is of no documented shape: then it is passed on unread."""
    try:
        return _EVENT.decode(data)
    except UNREADABLE:
        return _NOTHING


def kind_of(data: bytes) -> bytes:
    """The `type` of an event, as it is written; b"" where it has none."""
    if data.startswith(_TYPE):
        return data[9 : data.find(b'"', 9)]
    if data.startswith(_SPACED):
        return data[10 : data.find(b'"', 10)]
    try:
        kind = _KIND.decode(data).type
    except UNREADABLE:
        return b""
    return kind.encode("utf-8", "replace") if isinstance(kind, str) else b""


class ToldError(msgspec.Struct):
    """An error as a provider tells of one, wherever in its event it stands."""

    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    param: str | None = None


_TOLD: Final = msgspec.json.Decoder(ToldError, strict=False)


def told_error(data: bytes) -> ToldError | None:
    """The error that an event tells of, in itself, in its `error` or in its response; None where it tells of none."""
    read = read_event(data)
    error = value_in(fields_in(read.response).get("error") if read.response else read.error)
    if error and not isinstance(error, dict):
        return ToldError(str(error))
    try:
        if error:
            return msgspec.convert(error, ToldError, strict=False)
        # An event's own type says no more than that it is an error.
        return msgspec.structs.replace(_TOLD.decode(data), type=None) if read.type is not None else None
    except UNREADABLE:
        return ToldError()
