"""What the model says in an event or a message, channel by channel, and other words in place of it.

`Channel.item` is the index of a content block. Text that a step said, and that has no block yet, is text -1; what a
stream begins with, in its `message_start`, counts down from -2. Reasoning is thinking, and the summary of a compaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from middleware.messages import Channel, ChannelKind, Piece
from proxy.wire import document
from proxy.wire.messages import events
from proxy.wire.messages.blocks import NULL, Block, blocks_of, text_of
from proxy.wire.messages.events import Event
from proxy.wire.rewriting import as_object, object_text, opened

FLOATING: Final = Channel(0, "text", -1)

_DELTAS: Final[dict[str, tuple[ChannelKind, str]]] = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("reasoning", "thinking"),
    "input_json_delta": ("arguments", "partial_json"),
    "compaction_delta": ("reasoning", "content"),
}
"""The kind of channel that a delta adds to, and its field."""

_DELTA_OF: Final = {"text": "text_delta", "reasoning": "thinking_delta", "arguments": "input_json_delta"}
CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_dumps: Final = msgspec.json.Encoder().encode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def pieces_in(kind: bytes, event: Event) -> Sequence[Piece]:
    """What an event of a stream adds."""
    match kind:
        case events.BLOCK_DELTA if (delta := event.delta) is not None and delta.type in _DELTAS:
            channel, name = _DELTAS[delta.type]
            text = getattr(delta, name)
            return (Piece(Channel(0, channel, event.index), text),) if text and isinstance(text, str) else ()
        case events.BLOCK_START if (block := event.block) is not None:
            return tuple(_piece(block, event.index))
        case events.MESSAGE_START:
            begun = pieces_of_message(bytes(event.message))
            return [Piece(channel._replace(item=-2 - channel.item), text) for channel, text in begun]
    return ()


def pieces_of_message(body: bytes) -> Sequence[Piece]:
    """What a whole message says."""
    content = opened(body).get("content", NULL)
    return [piece for place, block in enumerate(blocks_of(content)) for piece in _piece(block, place)]


def event_saying(kind: bytes, data: bytes, texts: Mapping[Channel, str]) -> bytes:
    """An event of a stream with these texts in place of its own."""
    match kind:
        case events.BLOCK_DELTA:
            delta = document.fields_of(bytes(document.fields_of(data)["delta"]))
            (text,) = texts.values()
            delta[_DELTAS[text_of(delta["type"]) or ""][1]] = msgspec.Raw(_dumps(text))
            if "encrypted_content" in delta:
                delta["encrypted_content"] = NULL
            return document.with_fields(data, delta=_dumps(delta))
        case events.BLOCK_START:
            begun = bytes(document.fields_of(data)["content_block"])
            (text,) = texts.values()
            return document.with_fields(data, content_block=_dumps(_saying(begun, text)))
        case _:
            places = {-2 - channel.item: text for channel, text in texts.items()}
            message = bytes(document.fields_of(data)["message"])
            return document.with_fields(data, message=message_saying(message, places))


def message_saying(body: bytes, texts: Mapping[int, str]) -> bytes:
    """A message in which these blocks say another thing. One of text that says nothing, which the API does not take
    back, is left out, and so are thoughts that are no longer what was signed."""
    content = list(_items(document.fields_of(body).get("content", NULL)))
    changed: list[msgspec.Raw | dict[str, Any]] = []
    for place, block in enumerate(content):
        if place not in texts:
            changed.append(block)
        elif not _left_out(Block(opened(block)), texts[place]):
            changed.append(_saying(bytes(block), texts[place]))
    late = [text for place, text in texts.items() if not 0 <= place < len(content) and text]
    return document.with_fields(body, content=_dumps([*changed, *({"type": "text", "text": text} for text in late)]))


def delta_saying(channel: Channel, text: str) -> bytes:
    """An event that adds `text` to a channel, whose block is begun."""
    kind = _DELTA_OF[channel.kind]
    delta = {"type": kind, _DELTAS[kind][1]: text}
    return _dumps({"type": "content_block_delta", "index": max(channel.item, 0), "delta": delta})


def _piece(block: Block, item: int) -> Iterator[Piece]:
    kind, text = _said(block)
    if text:
        yield Piece(Channel(0, kind, item), text)


def _said(block: Block) -> tuple[ChannelKind, str]:
    match block.type:
        case "thinking":
            return "reasoning", block.string("thinking")
        case "compaction":
            return "reasoning", block.string("content")
        case kind if kind in CALLS:
            return "arguments", object_text(block.fields.get("input", NULL))
    return "text", block.text


def _saying(block: bytes, text: str) -> dict[str, Any]:
    """A block, one level deep, that says another thing, without what was signed or encrypted of the old."""
    fields: dict[str, Any] = dict(document.fields_of(block))
    kind = _type(fields)
    if kind in CALLS:
        fields["input"] = as_object(text)
    elif kind == "thinking":
        fields |= {"thinking": text, **({"signature": ""} if "signature" in fields else {})}
    elif kind == "compaction":
        fields |= {"content": text, "encrypted_content": None}
    else:
        fields["text"] = text
    return fields


def _left_out(block: Block, text: str) -> bool:
    return bool(block.string("signature")) or (block.type == "text" and not text)


def _type(fields: Mapping[str, Any]) -> str:
    return Block(dict(fields)).type


def _items(written: msgspec.Raw) -> Sequence[msgspec.Raw]:
    try:
        return _LIST.decode(written)
    except _UNREADABLE:
        return ()
