"""What the model says in an event or a response, channel by channel, and other words in place of it.

`Channel.item` is the index of the output item in its upper bits and the place in it in the lower sixteen: the index of
a part of its content; from 0x4000 that of a part of its summary; for arguments, which type of call they are of, and
0x2000 more where an item that tells them at its end alone has them as it begins. Text that a step said, and that has no
place yet, is text -1.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from middleware.messages import Channel, ChannelKind, Piece
from proxy.wire import document
from proxy.wire.responses import event
from proxy.wire.responses.event import Event
from proxy.wire.responses.output_text import retold, text_part
from proxy.wire.responses.raw import NULL, Fields, encode, fields_in, items_in, raw, text_in
from proxy.wire.rewriting import as_object, object_text

FLOATING: Final = Channel(0, "text", -1)

_ITEM: Final = 16
_SUMMARY: Final = 0x4000
_BEGUN: Final = 0x2000
_PLACE: Final = (1 << _ITEM) - 1


class Where(NamedTuple):
    """A text in an item: of one of the `parts` that are its content or summary, or, where that is "", of a field."""

    parts: str
    part: int
    field: str


_TOLD_ARGUMENTS: Final = {
    "function_call": "arguments",
    "custom_tool_call": "input",
    "mcp_call": "arguments",
    "code_interpreter_call": "code",
}
_WHOLE_ARGUMENTS: Final = {
    "local_shell_call": "action",
    "shell_call": "action",
    "computer_call": "action",
    "apply_patch_call": "operation",
    "web_search_call": "action",
    "tool_search_call": "arguments",
    "mcp_approval_request": "arguments",
}
"""Of items that no stream tells in pieces: they come with the item's end."""

ARGUMENTS: Final = {**_TOLD_ARGUMENTS, **_WHOLE_ARGUMENTS}
"""Where the arguments stand in a call, by its type."""

_CALLS: Final = tuple(ARGUMENTS)
_STEMS: Final = {
    b"response.output_text": ("text", "content", "text"),
    b"response.refusal": ("refusal", "content", "refusal"),
    b"response.reasoning_text": ("reasoning", "content", "text"),
    b"response.reasoning_summary_text": ("reasoning", "summary", "text"),
    b"response.function_call_arguments": ("function_call", "", "arguments"),
    b"response.custom_tool_call_input": ("custom_tool_call", "", "input"),
    b"response.mcp_call_arguments": ("mcp_call", "", "arguments"),
    b"response.code_interpreter_call_code": ("code_interpreter_call", "", "code"),
}
"""What tells a text in pieces, as `.delta` and `.done`: its kind of channel or its call, and where it stands."""

_KINDS: Final[dict[str, ChannelKind]] = {"text": "text", "refusal": "refusal", "reasoning": "reasoning"}
_OF_PARTS: Final[dict[str, tuple[ChannelKind, str]]] = {
    "output_text": ("text", "text"),
    "refusal": ("refusal", "refusal"),
    "reasoning_text": ("reasoning", "text"),
    "summary_text": ("reasoning", "text"),
}


def where(kind: bytes, read: Event) -> Where | None:
    """The text that a `.delta` adds to, or a `.done` ends."""
    stem, _, stage = kind.rpartition(b".")
    if stem not in _STEMS or stage not in (b"delta", b"done"):
        return None
    _, parts, field = _STEMS[stem]
    index = {"content": read.content_index, "summary": read.summary_index}.get(parts, 0)
    return Where(parts, index if type(index) is int and 0 <= index < _SUMMARY else 0, field)


def pieces_in(kind: bytes, read: Event) -> Sequence[Piece]:
    """What an event of a stream adds."""
    if kind == event.ITEM_ADDED and type(read.output_index) is int:
        # `ResponsesUnpacking` has taken out what is told in pieces.
        item = fields_in(read.item)
        whole = text_in(item.get("type")) in _WHOLE_ARGUMENTS
        return tuple(map(_as_begun, pieces_of_item(item, read.output_index))) if whole else ()
    if kind == event.ITEM_DONE and type(read.output_index) is int:
        # What is told in pieces was said before; what has no id is told at its end alone.
        item = fields_in(read.item)
        return () if told_in_pieces(item) else tuple(pieces_of_item(item, read.output_index))
    channel = channel_of(kind, read) if kind.endswith(b".delta") else None
    text = read.delta
    return (Piece(channel, text),) if channel is not None and isinstance(text, str) and text else ()


def told_in_pieces(item: Fields) -> bool:
    """Whether its end only repeats what was said before."""
    return bool(text_in(item.get("id"))) and text_in(item.get("type")) not in _WHOLE_ARGUMENTS


def pieces_of_response(body: bytes) -> Sequence[Piece]:
    """What a whole response says."""
    items = items_in(fields_in(body).get("output"))
    return [piece for index, item in enumerate(items) for piece in pieces_of_item(fields_in(item), index)]


def pieces_of_item(item: Fields, index: int) -> Iterator[Piece]:
    for parts in ("summary", "content"):
        content = item.get(parts, NULL)
        if parts == "content" and bytes(content).startswith(b'"') and (text := text_in(content)):
            yield Piece(_channel("text", index, Where(parts, 0, "text")), text)
        for place, part in enumerate(items_in(content)):
            yield from pieces_of_part(fields_in(part), index, parts, place)
    call = text_in(item.get("type"))
    name = ARGUMENTS.get(call, "")
    if name in item and (text := object_text(item[name])):
        yield Piece(_arguments(call, index), text)


def pieces_of_part(part: Fields, index: int, parts: str, place: int) -> Iterator[Piece]:
    kind, field = _OF_PARTS.get(text_in(part.get("type")), ("text", "text"))
    if text := text_in(part.get(field)):
        yield Piece(_channel(kind, index, Where(parts, place, field)), text)


def channel_of(kind: bytes, read: Event) -> Channel | None:
    """The channel that an event adds to, or ends."""
    place = where(kind, read)
    if place is None:
        return None
    named = _STEMS[kind.rpartition(b".")[0]][0]
    if type(read.output_index) is not int:
        return FLOATING if named == "text" else None
    return (
        _channel(_KINDS[named], read.output_index, place) if named in _KINDS else _arguments(named, read.output_index)
    )


def ends(kind: bytes, read: Event, channel: Channel) -> bool:
    """Whether an event of a stream ends a channel."""
    if kind in event.ENDS:
        return True
    if kind in (event.ITEM_ADDED, event.ITEM_DONE):
        begun = channel.kind == "arguments" and bool(channel.item & _BEGUN)
        return (
            channel != FLOATING and channel.item >> _ITEM == read.output_index and begun == (kind == event.ITEM_ADDED)
        )
    return kind.endswith(b".done") and channel_of(kind, read) == channel


def event_saying(kind: bytes, data: bytes, texts: Mapping[Channel, str]) -> bytes:
    """An event of a stream with these texts in place of its own."""
    if kind in (event.ITEM_ADDED, event.ITEM_DONE):
        return document.with_fields(data, item=item_saying(document.fields_of(data)["item"], texts))
    (text,) = texts.values()
    # The odds of other words are not those of these.
    return document.with_fields(data, delta=text, **({"logprobs": []} if kind == event.TEXT else {}))


def response_saying(body: bytes, texts: Mapping[Channel, str]) -> bytes:
    """A response with these texts in place of its own."""
    output: list[Any] = list(items_in(fields_in(body).get("output")))
    for index, item in enumerate(output):
        own = {channel: text for channel, text in texts.items() if channel.item >> _ITEM == index}
        if own:
            output[index] = msgspec.Raw(item_saying(item, own))
    return document.with_fields(body, output=encode(output))


def item_saying(item: msgspec.Raw, texts: Mapping[Channel, str]) -> bytes:
    """An item with these texts in place of its own."""
    return bytes(with_words(item, {place_of(channel): text for channel, text in texts.items()}))


def with_words(item: msgspec.Raw, words: Mapping[Where, str]) -> msgspec.Raw:
    """An item that says this in these places; itself where it does."""
    fields: dict[str, Any] = dict(fields_in(item)) if words else {}
    changed = {place: text for place, text in words.items() if words_at(fields, place) != text}
    if not changed:
        return item
    for place, text in changed.items():
        if not place.parts:
            had = fields.get(place.field, NULL)
            fields[place.field] = raw(as_object(text) if bytes(had).startswith((b"{", b"[")) else text)
            continue
        content = fields.get(place.parts, NULL)
        if bytes(content).startswith(b'"'):
            fields[place.parts] = raw(text)
            continue
        parts: list[Any] = list(items_in(content))
        if place.part < len(parts):
            parts[place.part] = part_saying(fields_in(parts[place.part]), place, text)
            fields[place.parts] = raw(parts)
    return raw(fields)


def words_at(item: Fields, place: Where) -> str:
    """What an item says in a place; "" where it has no such place."""
    if not place.parts:
        return object_text(item.get(place.field, NULL))
    content = item.get(place.parts, NULL)
    if bytes(content).startswith(b'"'):
        return text_in(content)
    parts = items_in(content)
    return words_of(fields_in(parts[place.part]), place) if place.part < len(parts) else ""


def words_of(part: Fields, place: Where) -> str:
    """What a part of an item says."""
    return text_in(part.get(_field_of(part, place)))


def _field_of(part: Fields, place: Where) -> str:
    return _OF_PARTS.get(text_in(part.get("type")), ("text", place.field))[1]


def part_saying(part: Fields, place: Where, text: str) -> Fields:
    name = _field_of(part, place)
    return retold(part, text) if text_in(part.get("type")) == "output_text" else {**part, name: raw(text)}


def delta_saying(channel: Channel, text: str) -> tuple[bytes, bytes]:
    """The kind and the data of an event that adds `text` to a channel; settling says of which item."""
    place = place_of(channel)
    named = _CALLS[channel.item & _PLACE] if channel.kind == "arguments" else channel.kind
    kind = next(stem for stem, (each, parts, _) in _STEMS.items() if (each, parts) == (named, place.parts)) + b".delta"
    index = {f"{place.parts}_index": place.part} if place.parts else {}
    told = {"type": kind.decode(), "output_index": channel.item >> _ITEM, **index, "delta": text}
    return kind, encode({**told, "logprobs": []} if kind == event.TEXT else told)


def refused(body: bytes, text: str, id: str) -> bytes:
    """The response that says this alone, and was filtered. Its id and what was counted stay."""
    message = {"id": id, "type": "message", "status": "incomplete", "role": "assistant", "content": [text_part(text)]}
    return document.with_fields(body, **FILTERED, output=encode([message] if text else []))


FILTERED: Final[dict[str, Any]] = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}


def _channel(kind: ChannelKind, item: int, place: Where) -> Channel:
    return Channel(0, kind, (item << _ITEM) | (place.part + (_SUMMARY if place.parts == "summary" else 0)))


def _arguments(call: str, item: int) -> Channel:
    return Channel(0, "arguments", (item << _ITEM) | _CALLS.index(call))


def _as_begun(piece: Piece) -> Piece:
    return piece._replace(channel=piece.channel._replace(item=piece.channel.item | _BEGUN))


def item_of(channel: Channel) -> int:
    """The index of its item."""
    return channel.item >> _ITEM


def place_of(channel: Channel) -> Where:
    """Where it stands in its item."""
    place = channel.item & _PLACE
    if channel.kind == "arguments":
        return Where("", 0, ARGUMENTS[_CALLS[place & ~_BEGUN]])
    field = "refusal" if channel.kind == "refusal" else "text"
    return Where("summary", place - _SUMMARY, field) if place >= _SUMMARY else Where("content", place, field)
