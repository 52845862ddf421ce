"""The events of a stream put together into the `message` they are the pieces of.

Fields that no event adds to keep their bytes. What is not of the documented shape was given to the client as it came;
it cannot be part of a document.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

from proxy.wire.messages import events
from proxy.wire.messages.blocks import NULL, text_of, value_of

_Fields: TypeAlias = dict[str, msgspec.Raw]

_FIELDS: Final = msgspec.json.Decoder(_Fields)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_dumps: Final = msgspec.json.Encoder().encode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BEGUN: Final = {
    "text_delta": '{"type":"text","text":""}',
    "citations_delta": '{"type":"text","text":""}',
    "thinking_delta": '{"type":"thinking","thinking":"","signature":""}',
    "signature_delta": '{"type":"thinking","thinking":"","signature":""}',
    "input_json_delta": '{"type":"tool_use","id":"","name":"","input":{}}',
}
"""The block that a delta adds to, where no event began it."""


def join_events(stream: Sequence[bytes]) -> bytes:
    """Text concatenates, citations grow, a tool's input is read once it is complete; of anything else, the last one
    said holds. An input that is no JSON stays text, as the model wrote it."""
    message: _Fields = {}
    blocks: dict[int, _Block] = {}
    for data in stream:
        try:
            if not data.isascii():
                data.decode()
            _take(_FIELDS.decode(data), message, blocks)
        except _UNREADABLE:
            continue
    message = {"type": msgspec.Raw(b'"message"'), "role": msgspec.Raw(b'"assistant"'), **message}
    begun = _items(message.get("content", NULL))
    message["content"] = msgspec.Raw(_dumps([*begun, *(blocks[index].written() for index in sorted(blocks))]))
    return _dumps(message)


def _take(event: _Fields, message: _Fields, blocks: "dict[int, _Block]") -> None:
    match (text_of(event.get("type", NULL)) or "").encode():
        case events.MESSAGE_START:
            message.update(_FIELDS.decode(event["message"]) if "message" in event else {})
        case events.BLOCK_START:
            blocks[_index(event, len(blocks))] = _Block(_FIELDS.decode(event.get("content_block", NULL)))
        case events.BLOCK_DELTA:
            delta = _FIELDS.decode(event.get("delta", NULL))
            kind = text_of(delta.pop("type", NULL)) or ""
            index = _index(event, max(blocks, default=0))
            if index not in blocks:
                blocks[index] = _Block(_FIELDS.decode(_BEGUN.get(kind, "{}")))
            blocks[index].add(kind, delta)
        case events.MESSAGE_DELTA:
            usage = event.pop("usage", NULL)
            _overwrite(message, _FIELDS.decode(event.pop("delta", b"{}")))
            event.pop("type")
            _overwrite(message, event)
            if bytes(usage) != b"null":
                counted = _FIELDS.decode(message.get("usage", b"{}"))
                _overwrite(counted, _FIELDS.decode(usage))
                message["usage"] = msgspec.Raw(_dumps(counted))


class _Block:
    """A block as it grows."""

    def __init__(self, fields: _Fields) -> None:
        self._fields = fields
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[msgspec.Raw]] = {}
        self._input: list[str] = []

    def add(self, kind: str, delta: _Fields) -> None:
        for name, written in delta.items():
            if kind == "input_json_delta" and name == "partial_json":
                self._input.append(text_of(written) or "")
            elif kind == "citations_delta" and name == "citation":
                self._grow("citations", [written])
            elif kind == "signature_delta":
                self._fields[name] = written  # It comes whole.
            else:
                self._merge(name, written)

    def _merge(self, name: str, written: msgspec.Raw) -> None:
        added: Any = value_of(written)
        if isinstance(added, str):
            had = text_of(self._fields.get(name, NULL))
            if had is not None or name in self._texts:
                self._texts.setdefault(name, [had or ""]).append(added)
                return
        elif isinstance(added, list):
            self._grow(name, _LIST.decode(written))
            return
        if added is not None or name not in self._fields:
            self._fields[name] = written

    def _grow(self, name: str, items: Sequence[msgspec.Raw]) -> None:
        if name not in self._lists:
            self._lists[name] = _items(self._fields.get(name, NULL))
        self._lists[name] += items

    def written(self) -> msgspec.Raw:
        fields: dict[str, Any] = dict(self._fields)
        fields.update((name, "".join(pieces)) for name, pieces in self._texts.items())
        fields.update(self._lists)
        if any(self._input):
            fields["input"] = _input("".join(self._input))
        return msgspec.Raw(_dumps(fields))


def _input(text: str) -> msgspec.Raw | str:
    written = text.encode("utf-8", "surrogatepass")
    try:
        msgspec.json.decode(written, type=msgspec.Raw)
    except _UNREADABLE:
        return text
    return msgspec.Raw(written)


def _overwrite(fields: _Fields, later: _Fields) -> None:
    for name, written in later.items():
        if name not in fields or bytes(written) != b"null":
            fields[name] = written


def _index(event: _Fields, otherwise: int) -> int:
    index = value_of(event.get("index", NULL))
    return index if type(index) is int else otherwise


def _items(written: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _LIST.decode(written)
    except _UNREADABLE:
        return []
