"""Messages answers: an event of a stream, and a whole `message`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Self

import msgspec

from middleware.messages import Channel, Chunk, Completion, Delta, Piece, Settling, ToolCall
from proxy.wire import document, wanted
from proxy.wire.fingerprint import assistant_digest
from proxy.wire.format import WireChunk
from proxy.wire.messages import events
from proxy.wire.messages.blocks import NULL, Block, blocks_of, joined_text, text_of
from proxy.wire.messages.events import Event
from proxy.wire.messages.join import join_events
from proxy.wire.messages.pieces import (
    FLOATING,
    delta_saying,
    event_saying,
    message_saying,
    pieces_in,
    pieces_of_message,
)
from proxy.wire.messages.reasons import finish_reason, stop_reason
from proxy.wire.messages.usage import read_usage
from records import Usage

_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_dumps: Final = msgspec.json.Encoder().encode
_THOUGHT: Final = frozenset({"thinking", "redacted_thinking"})


class MessagesChunk(WireChunk):
    """An event of a stream, or a whole `message` (`whole`).

    `said` is text that a step added where the event itself can hold none; it comes before the event. `was` is what an
    event thought before a step changed it, which its signature is over.
    """

    __slots__ = ("_deltas", "_event", "data", "final", "kind", "said", "was", "whole")

    final: bool

    def __init__(
        self,
        data: bytes,
        *,
        kind: bytes = events.MESSAGE,
        whole: bool = False,
        said: str = "",
        was: str | None = None,
    ) -> None:
        self.data = data
        self.kind = kind
        self.final = kind == events.MESSAGE_STOP
        self.whole = whole
        self.said = said
        self.was = was
        self._event: Event | None = None
        self._deltas: Sequence[Delta] | None = None

    @property
    def event(self) -> Event:
        if self._event is None:
            self._event = events.read(self.data)
        return self._event

    @property
    def deltas(self) -> Sequence[Delta]:
        if self._deltas is None:
            found = self._read()
            if self.said:
                text, reason = (found[0].text, found[0].finish_reason) if found else ("", None)
                found = (Delta(0, self.said + text, "", reason),)
            self._deltas = found
        return self._deltas

    def _read(self) -> Sequence[Delta]:
        match self.kind:
            case events.BLOCK_DELTA:
                said = self.event.delta if b'"text_delta"' in self.data else None
                return (Delta(0, said.text or ""),) if said is not None and said.type == "text_delta" else ()
            case events.MESSAGE_DELTA:
                delta = self.event.delta
                reason = delta.stop_reason if delta is not None else None
                return (Delta(0, "", "", finish_reason(reason)),) if reason else ()
            case events.BLOCK_START:
                block = self.event.block
                return (Delta(0, block.text),) if block is not None and block.type == "text" and block.text else ()
            case events.MESSAGE_START:
                begun = MessagesCompletion(bytes(self.event.message))
                return (Delta(0, begun.text),) if begun.text else ()
            case _ if self.whole:
                whole = MessagesCompletion(self.data)
                return (Delta(0, whole.text, "", next(iter(whole.finish_reasons), None)),)
            case _:
                return ()

    def with_text(self, text: str, choice: int = 0) -> Self:
        """An event that holds no text carries it along; `settling` finds it a block."""
        if choice != 0:
            return self
        data, said = self._replaced(text)
        if data is self.data and said == self.said:
            return self
        return type(self)(data, kind=self.kind, whole=self.whole, said=said, was=self.was)

    def _replaced(self, text: str) -> tuple[bytes, str]:
        if self.whole:
            return MessagesCompletion(self.data).with_text(text).body, ""
        if not self._read():
            return self.data, text
        match self.kind:
            case events.BLOCK_DELTA:
                return _with_inner(self.data, "delta", text), ""
            case events.BLOCK_START:
                return _with_inner(self.data, "content_block", text), ""
            case events.MESSAGE_START:
                begun = MessagesCompletion(bytes(self.event.message)).with_text(text)
                return document.with_fields(self.data, message=begun.body), ""
            case _:
                return self.data, text

    def saying(self, text: str, choice: int = 0) -> Self:
        return type(self)(text_delta(self.event.index, text), kind=events.BLOCK_DELTA)

    @property
    def pieces(self) -> Sequence[Piece]:
        if self.whole:
            return pieces_of_message(self.data)
        found = pieces_in(self.kind, self.event)
        return [Piece(FLOATING, self.said), *found] if self.said else found

    def ends(self, channel: Channel) -> bool:
        match self.kind:
            case events.BLOCK_STOP:
                return self.event.index == channel.item
            case events.MESSAGE_DELTA | events.MESSAGE_STOP:
                return True
        return self.whole

    def with_pieces(self, texts: Mapping[Channel, str]) -> Self:
        """Arguments that are whole are an object: what is none becomes the `text` of one.

        Anthropic signs thoughts, and takes none back without their signature. In a whole answer those that are changed
        are left out. Of a stream the client has their beginning already: they end without a signature.

        Text that an event cannot hold is carried along; `settling` finds it a block. Raises `ValueError` for anything
        else that it cannot hold.
        """
        had = dict(self.pieces)
        changed = {channel: text for channel, text in texts.items() if text != had.get(channel, "")}
        if not changed:
            return self
        if self.whole:
            data = message_saying(self.data, {channel.item: text for channel, text in changed.items()})
            return type(self)(data, whole=True)
        own = {channel: text for channel, text in changed.items() if channel in had and channel != FLOATING}
        others = {channel: text for channel, text in changed.items() if channel not in own}
        if any(channel.kind != "text" for channel in others):
            raise ValueError(f"an event of {self.kind.decode()} holds no such text; use `carrying` for it")
        was = next((had[channel] for channel in own if channel.kind == "reasoning"), None)
        return type(self)(
            event_saying(self.kind, self.data, own) if own else self.data,
            kind=self.kind,
            said="".join(others.values()) if others else self.said,
            was=was if self.was is None else self.was,
        )

    def carrying(self, channel: Channel, text: str) -> Self:
        if channel == FLOATING:
            return self.saying(text)
        return type(self)(delta_saying(channel, text), kind=events.BLOCK_DELTA, was="")

    def blocked(self, text: str, choices: Collection[int], *, first: bool = False) -> Sequence[Self]:
        """The text is a block of text, and the message stops as a `refusal`.

        The block of a tool call that was begun is closed by `settling`. Its client keeps as much of the input as it was
        given, and can tell from the reason to stop that it is not to be run.
        """
        if 0 not in choices:
            return (self,) if self.whole else ()
        if self.whole:
            return (type(self)(MessagesCompletion(self.data).refused(text).body, whole=True),)
        ends: list[Self] = []
        if first and self.kind == events.MESSAGE_START:
            ends.append(self.with_pieces(dict.fromkeys(dict(self.pieces), "")))
        if text:
            ends.append(self.saying(text))
        stopped = {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_sequence": None}}
        ends.append(type(self)(_dumps(stopped), kind=events.MESSAGE_DELTA))
        ends.append(type(self)(_dumps({"type": "message_stop"}), kind=events.MESSAGE_STOP))
        return ends

    @classmethod
    def settling(cls) -> Settling | None:
        # Imported here: most streams are never edited, and it makes chunks itself.
        from proxy.wire.messages.settle import MessagesSettling

        return MessagesSettling()

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Completion:
        ours = [chunk for chunk in chunks if isinstance(chunk, MessagesChunk)]
        if len(ours) == 1 and ours[0].whole:
            return MessagesCompletion(ours[0].data)
        if any(chunk.whole or chunk.said for chunk in ours) and (settling := cls.settling()):
            settled = [ready for chunk in ours for ready in settling.take(chunk)]
            ours = [chunk for chunk in (*settled, *settling.rest()) if isinstance(chunk, MessagesChunk)]
        return MessagesCompletion(join_events([chunk.data for chunk in ours]))


class MessagesCompletion(Completion):
    """A `message` document."""

    __slots__ = ("_blocks", "_body", "_head")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._head: _Head | None = None
        self._blocks: Sequence[Block] | None = None

    @classmethod
    def saying(cls, text: str, *, model: str, finish_reason: str = "stop", id: str = "msg_burnish") -> Self:
        """An answer of our own, as a step gives that does not ask the model."""
        return cls(
            _dumps(
                {
                    "id": id,
                    "type": "message",
                    "role": "assistant",
                    "model": model,
                    "content": [{"type": "text", "text": text}] if text else [],
                    "stop_reason": stop_reason(finish_reason),
                    "stop_sequence": None,
                    "stop_details": None,
                    "usage": {"input_tokens": 0, "output_tokens": 0},
                }
            )
        )

    @property
    def body(self) -> bytes:
        return self._body

    @property
    def _read(self) -> "_Head":
        if self._head is None:
            self._head = _head(self._body)
        return self._head

    @property
    def blocks(self) -> Sequence[Block]:
        if self._blocks is None:
            self._blocks = blocks_of(self._read.content)
        return self._blocks

    @property
    def id(self) -> str | None:
        return text_of(self._read.id)

    @property
    def model(self) -> str | None:
        return text_of(self._read.model)

    @property
    def texts(self) -> Sequence[str]:
        return (joined_text(self.blocks),)

    @property
    def calls(self) -> Sequence[ToolCall]:
        """What the client is asked to run; what the provider ran itself is no call of this answer."""
        return tuple([block.call for block in self.blocks if block.type == "tool_use"])

    @property
    def finish_reasons(self) -> Sequence[str]:
        reason = text_of(self._read.stop_reason)
        return (finish_reason(reason),) if reason else ()

    @property
    def usage(self) -> Usage | None:
        return read_usage(self._read.usage)

    @property
    def bound(self) -> bool:
        return any(block.sealed for block in self.blocks)

    @property
    def fingerprint(self) -> bytes:
        return assistant_digest(self.text, [call.id for call in self.calls])

    def with_text(self, text: str, choice: int = 0) -> Self:
        """One text block holds it all, with what any of them cited: where the first was, or after the thinking."""
        if choice != 0 or text == self.text or self._read is _UNREAD:
            return self
        written = _contents(self._read.content)
        places = [place for place, block in enumerate(self.blocks) if block.type == "text"]
        kept = [item for place, item in enumerate(written) if place not in places]
        if text:
            first = places[0] if places else self._after_thinking()
            kept.insert(first, msgspec.Raw(self._one_text(text, [self.blocks[place] for place in places])))
        return type(self)(document.with_fields(self._body, content=_dumps(kept)))

    def refused(self, text: str) -> Self:
        """The message that says this and stops as a refusal. Its id and what was counted stay."""
        content = [{"type": "text", "text": text}] if text else []
        fields = {"content": content, "stop_reason": "refusal", "stop_sequence": None, "stop_details": None}
        return self if self._read is _UNREAD else type(self)(document.with_fields(self._body, **fields))

    def _after_thinking(self) -> int:
        return next((n for n, block in enumerate(self.blocks) if block.type not in _THOUGHT), len(self.blocks))

    def _one_text(self, text: str, blocks: Sequence[Block]) -> bytes:
        fields = dict(blocks[0].fields) if blocks else {"type": msgspec.Raw(b'"text"')}
        fields["text"] = msgspec.Raw(_dumps(text))
        cited = [citation for block in blocks for citation in _contents(block.fields.get("citations", NULL))]
        if cited:
            fields["citations"] = msgspec.Raw(_dumps(cited))
        return _dumps(fields)

    def counted_as(self, other: Completion) -> Self:
        return type(self)(wanted.with_usage_of(self._body, other.body))

    def chunk(self) -> MessagesChunk:
        return MessagesChunk(self._body, whole=True)


class _Head(msgspec.Struct):
    id: msgspec.Raw = NULL
    model: msgspec.Raw = NULL
    content: msgspec.Raw = NULL
    stop_reason: msgspec.Raw = NULL
    usage: msgspec.Raw = NULL


_HEAD: Final = msgspec.json.Decoder(_Head)
_UNREAD: Final = _Head()
"""What is not of the documented shape is passed on as it is, unread."""


def _head(body: bytes) -> _Head:
    try:
        return _HEAD.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _UNREAD


def text_delta(index: int, text: str) -> bytes:
    return _dumps({"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}})


def _contents(written: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _LIST.decode(written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _with_inner(data: bytes, name: str, text: str) -> bytes:
    """An event with another text in its `delta` or `content_block`."""
    inner = document.with_fields(bytes(document.fields_of(data)[name]), text=text)
    return document.with_fields(data, **{name: inner})
