"""A whole `message` as the events of a stream that says the same: the reverse of `join`.

Only what a stream says in another way is taken apart; the rest keeps its bytes.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec

from proxy.errors import UpstreamBroke
from proxy.wire.messages import events
from proxy.wire.messages.blocks import NO_INPUT, NULL, text_of

_Fields: TypeAlias = dict[str, msgspec.Raw]

_FIELDS: Final = msgspec.json.Decoder(_Fields)
_BLOCKS: Final = msgspec.json.Decoder(list[_Fields])
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_dumps: Final = msgspec.json.Encoder().encode
_EMPTY: Final = msgspec.Raw(b'""')
_NO_USAGE: Final = msgspec.Raw(b'{"input_tokens":0,"output_tokens":0}')
_STOPPING: Final = ("stop_reason", "stop_sequence", "stop_details")
_COUNTED_LATE: Final = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
    "iterations",
    "fallback_credit",
)
"""What `message_delta` counts, for the whole answer up to its end."""


class SplitEvent(msgspec.Struct, frozen=True):
    """An event: its type, and its data."""

    kind: bytes
    data: bytes


def split_message(body: bytes) -> list[SplitEvent]:
    """Raises `UpstreamBroke` for a document that has no content."""
    try:
        message = _FIELDS.decode(body)
        blocks = _BLOCKS.decode(message["content"])
        usage = _FIELDS.decode(message.get("usage", _NO_USAGE))
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UpstreamBroke("the upstream answered with a document that is no message") from None
    found = [_event(events.MESSAGE_START, message=_begun(message, usage))]
    for index, block in enumerate(blocks):
        begun, deltas = _taken_apart(block)
        found.append(_event(events.BLOCK_START, index=index, content_block=begun))
        found.extend(_event(events.BLOCK_DELTA, index=index, delta=delta) for delta in deltas)
        found.append(_event(events.BLOCK_STOP, index=index))
    stopping = {name: message.get(name, NULL) for name in _STOPPING if name in message or name != "stop_details"}
    counted = {name: usage[name] for name in _COUNTED_LATE if bytes(usage.get(name, NULL)) != b"null"}
    found.append(_event(events.MESSAGE_DELTA, delta=stopping, usage=counted))
    found.append(_event(events.MESSAGE_STOP))
    return found


def _begun(message: _Fields, usage: _Fields) -> dict[str, Any]:
    """The message before it says anything. Its output is counted at the end alone, as some clients add the two up."""
    begun: dict[str, Any] = {**message, "content": [], "usage": {**usage, "output_tokens": 0}}
    begun.update((name, None) for name in _STOPPING if name in message)
    return begun


def _taken_apart(block: _Fields) -> tuple[_Fields, list[dict[str, Any]]]:
    """A block as it starts, and what it says after that."""
    begun, deltas = dict(block), list(_deltas(block))
    for delta in deltas:
        match delta["type"]:
            case "input_json_delta":
                begun["input"] = NO_INPUT
            case "citations_delta":
                begun["citations"] = msgspec.Raw(b"[]")
            case "compaction_delta":
                begun.update((name, NULL) for name in delta if name != "type")
            case _:
                begun.update((name, _EMPTY) for name in delta if name != "type")
    return begun, deltas


def _deltas(block: _Fields) -> Iterator[dict[str, Any]]:
    match text_of(block.get("type", NULL)):
        case "text":
            yield from _saying("text_delta", block, "text")
            for citation in _citations(block):
                yield {"type": "citations_delta", "citation": citation}
        case "thinking":
            yield from _saying("thinking_delta", block, "thinking")
            yield from _saying("signature_delta", block, "signature")
        case "tool_use" | "server_tool_use" | "mcp_tool_use" if "input" in block:
            # An input that is no JSON was kept as text: see `join`.
            text = text_of(block["input"])
            yield {"type": "input_json_delta", "partial_json": bytes(block["input"]).decode() if text is None else text}
        case "compaction":
            said: dict[str, Any] = {name: block[name] for name in ("content", "encrypted_content") if name in block}
            yield {"type": "compaction_delta", **said}


def _saying(kind: str, block: _Fields, name: str) -> Iterator[dict[str, Any]]:
    if name in block and text_of(block[name]):
        yield {"type": kind, name: block[name]}


def _citations(block: _Fields) -> list[msgspec.Raw]:
    try:
        return _LIST.decode(block.get("citations", NULL))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _event(kind: bytes, **fields: Any) -> SplitEvent:
    return SplitEvent(kind, _dumps({"type": kind.decode(), **fields}))
