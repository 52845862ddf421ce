"""Tells an answer as a response: output items, one after another (see `in_order`), and the object they make.

The API numbers the items of its events, so these could lie between each other's; no client is used to that.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from proxy.wire.convert.answers.in_order import InOrder
from proxy.wire.convert.answers.output_items import Call, Message, Part, Reasoning, Status, Stretch
from proxy.wire.convert.answers.protocol import NOT_NAMED
from proxy.wire.convert.answers.response_object import ResponseObject
from proxy.wire.convert.pieces import (
    Arguments,
    Called,
    Cited,
    Done,
    Finished,
    Piece,
    Reason,
    Refusal,
    Sealed,
    Spent,
    Started,
    Text,
    Thought,
)
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.sealed import labelled

_Open: TypeAlias = Part | Reasoning | Call

_CUT: Final[tuple[Reason, ...]] = ("length", "content_filter")


class _Reasoning(msgspec.Struct):
    summary: str | None = None
    generate_summary: str | None = None


class _Asked(msgspec.Struct):
    reasoning: _Reasoning | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)


class ResponsesWriter:
    """`asked` is said back in the response, and decides whether reasoning is shown as a summary."""

    def __init__(self, asked: bytes, id: str, created: int, losses: Losses) -> None:
        wanted = _ASKED.decode(asked).reasoning
        self._summary = wanted is not None and bool(wanted.summary or wanted.generate_summary)
        self._response = ResponseObject(asked, id, created)
        self._id = id
        self._losses = losses
        self._order = InOrder(losses)
        self._sequence = 0
        self._output: list[bytes] = []
        self._open: dict[int, _Open] = {}
        self._growing: dict[int, Stretch] = {}
        self._message: Message | None = None
        self._said = 0
        self._reason: Reason = "stop"
        self._usage: Spent | None = None

    def write(self, piece: Piece) -> Sequence[bytes]:
        told = self._order.take(piece)
        if len(told) == 1:
            return self._write(told[0])
        if isinstance(piece, Finished) and len(told) > 1 and isinstance(told[-2], Done):
            told = [*told[:-2], piece]  # Whether the last item is complete depends on the reason.
        return [event for each in told for event in self._write(each)]

    def _write(self, piece: Piece) -> Sequence[bytes]:
        if isinstance(piece, Text | Arguments | Thought | Refusal):
            growing = self._growing.get(piece.part)
            if growing is not None and (type(piece) is not Text or piece.tokens is None):
                said = growing.delta(piece.text)
                return (self._numbered(said),) if said else ()
        return [self._numbered(event) for event in self._events(piece)]

    def end(self) -> Sequence[bytes]:
        kind = b"incomplete" if self._reason in _CUT else b"completed"
        return (self._numbered(b'{"type":"response.%b","response":%b' % (kind, self._document())),)

    def whole(self, pieces: Sequence[Piece]) -> bytes:
        for piece in pieces:
            self.write(piece)
        return self._document()

    def _document(self) -> bytes:
        return self._response.finished(self._reason, self._output, self._usage)

    def _numbered(self, event: bytes) -> bytes:
        number, self._sequence = self._sequence, self._sequence + 1
        return b'%b,"sequence_number":%d}' % (event, number)

    def _events(self, piece: Piece) -> Iterator[bytes]:
        match piece:
            case Text(part=part, text=text, tokens=tokens):
                yield from self._begin_part(part, refusal=False)
                if isinstance(found := self._open[part], Part):
                    yield found.delta(text) if tokens is None else found.delta_with(text, tokens)
            case Refusal(part=part, text=text):
                yield from self._begin_part(part, refusal=True)
                yield self._growing[part].delta(text)
            case Cited(part=part):
                yield from self._begin_part(part, refusal=False)
                if isinstance(found := self._open[part], Part):
                    yield found.note(piece)
            case Thought(part=part, text=text):
                thought = yield from self._begin_thought(part)
                self._growing[part], begun = thought.begin_text()
                yield begun
                yield self._growing[part].delta(text)
            case Sealed(part=part, seal=seal):
                thought = yield from self._begin_thought(part)
                thought.seal = seal.value if seal.dialect == "openai" else labelled(seal)
            case Called(part=part):
                yield from self._end_message("completed")
                call = Call(self._id, self._next(), piece)
                self._open[part], self._growing[part] = call, call.text
                yield call.added()
            case Done(part=part):
                yield from self._end_part(part, "completed")
            case Started(model=model):
                self._response.begin(model)
                for kind in (b"created", b"in_progress"):
                    yield b'{"type":"response.%b","response":%b' % (kind, self._response.in_progress())
            case Finished(reason=reason, tier=tier, sequence=sequence):
                if sequence is not None:
                    self._losses.note("stop_sequence", NOT_NAMED)
                yield from self._finish(reason)
                self._response.serve_in(tier)
            case Spent():
                self._usage = piece
            case Arguments():
                pass  # Of no call that was begun.

    def _next(self) -> int:
        """The place of one more item in the output."""
        self._output.append(b"")
        return len(self._output) - 1

    def _begin_part(self, part: int, *, refusal: bool) -> Iterator[bytes]:
        if part in self._open:
            return
        if self._message is None:
            self._message = Message(self._id, self._next())
            yield self._message.added()
        found = Part(self._message, refusal=refusal, start=self._said)
        yield found.added()
        self._message.parts.append(found)
        self._open[part] = self._growing[part] = found

    def _begin_thought(self, part: int) -> Generator[bytes, None, Reasoning]:
        found = self._open.get(part)
        if not isinstance(found, Reasoning):
            yield from self._end_message("completed")
            found = Reasoning(self._id, self._next(), summary=self._summary)
            self._open[part] = found
            yield found.added()
        return found

    def _end_part(self, part: int, status: Status) -> Iterator[bytes]:
        found = self._open.pop(part, None)
        self._growing.pop(part, None)
        match found:
            case Part():
                self._said += len(found.text)
                yield from found.done()
            case Reasoning() | Call():
                yield from found.text_done()
                yield from self._end_item(found, status)

    def _end_message(self, status: Status) -> Iterator[bytes]:
        if self._message is None:
            return
        for part, found in list(self._open.items()):
            if isinstance(found, Part):
                yield from self._end_part(part, status)
        message, self._message = self._message, None
        yield from self._end_item(message, status)

    def _end_item(self, item: Message | Reasoning | Call, status: Status) -> Iterator[bytes]:
        event, self._output[item.index] = item.done(status)
        yield event

    def _finish(self, reason: Reason) -> Iterator[bytes]:
        """Ends all that is open. Where the answer was cut short, that was in the item begun last."""
        self._reason = reason
        last = len(self._output) - 1
        if self._message is not None:
            cut = reason in _CUT and self._message.index == last
            yield from self._end_message("incomplete" if cut else "completed")
        for part, found in list(self._open.items()):
            cut = reason in _CUT and not isinstance(found, Part) and found.index == last
            yield from self._end_part(part, "incomplete" if cut else "completed")
