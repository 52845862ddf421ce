"""Answers of an upstream that speaks another API than the client, whole and event by event."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from proxy.errors import UpstreamBroke
from proxy.wire.convert.answers.client_tools import AsOffered, tools_of
from proxy.wire.convert.answers.from_chat import ChatReader
from proxy.wire.convert.answers.from_messages import MessagesReader
from proxy.wire.convert.answers.from_responses import ResponsesReader
from proxy.wire.convert.answers.protocol import Reader, Stage, Writer
from proxy.wire.convert.answers.to_chat import ChatWriter
from proxy.wire.convert.answers.to_messages import MessagesWriter
from proxy.wire.convert.answers.to_responses import ResponsesWriter
from proxy.wire.convert.pieces import Api, Piece
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.requests.tools import Offered
from proxy.wire.half_characters import without_halves


class StreamConverter:
    """Events of an upstream's stream, one at a time, into the events of the client's API.

    `asked` is the client's own request: fields of it are said back in a response. Its `tools` decide what a call is a
    call of; they are read from it where they are not given, and need to be given where it goes on from another one. Ids
    are made of `id`, which is one call's own; the time of the answer is `created`, in seconds. `losses` takes note of
    what the client's API has no words for. What is not of the documented shape raises `UpstreamBroke`.
    """

    def __init__(
        self,
        source: Api,
        target: Api,
        *,
        asked: bytes,
        id: str,
        created: int,
        tools: Mapping[str, Offered] | None = None,
        losses: Losses | None = None,
    ) -> None:
        losses = losses or Losses()
        self._reader = _reader(source, id, losses)
        self._stage = _stage(tools_of(asked, target) if tools is None else tools)
        self._writer = _writer(target, asked, id, created, losses)

    def feed(self, data: bytes) -> list[bytes]:
        """The events that tell of one event, without their framing."""
        return self._written(_read(self._reader.event, data, "event"))

    def end(self) -> list[bytes]:
        """What is still to be sent once the upstream's stream has ended well."""
        return [*self._written(self._reader.end()), *self._writer.end()]

    def _written(self, pieces: Sequence[Piece]) -> list[bytes]:
        if self._stage is not None:
            pieces = [staged for piece in pieces for staged in self._stage.take(piece)]
        if len(pieces) == 1:
            return list(self._writer.write(pieces[0]))
        return [event for piece in pieces for event in self._writer.write(piece)]


def convert_answer(
    body: bytes,
    source: Api,
    target: Api,
    *,
    asked: bytes,
    id: str,
    created: int,
    tools: Mapping[str, Offered] | None = None,
    losses: Losses | None = None,
) -> bytes:
    """A whole answer in the client's API. The parameters are those of `StreamConverter`."""
    losses = losses or Losses()
    pieces = _read(_reader(source, id, losses).whole, body, "answer")
    if (stage := _stage(tools_of(asked, target) if tools is None else tools)) is not None:
        pieces = [staged for piece in pieces for staged in stage.take(piece)]
    return _writer(target, asked, id, created, losses).whole(pieces)


def _read(read: Callable[[bytes], Sequence[Piece]], data: bytes, what: str) -> Sequence[Piece]:
    try:
        return read(data)
    except msgspec.ValidationError as error:
        raise _broken(what, error) from None
    except msgspec.DecodeError as error:
        if (mended := without_halves(data)) != data:
            return _read(read, mended, what)
        raise _broken(what, error) from None
    except (ValueError, RecursionError) as error:
        raise _broken(what, error) from None


def _broken(what: str, error: Exception) -> UpstreamBroke:
    return UpstreamBroke(f"the upstream sent an {what} that cannot be read: {error}")


def _reader(source: Api, id: str, losses: Losses) -> Reader:
    match source:
        case "chat":
            return ChatReader(id, losses)
        case "responses":
            return ResponsesReader(losses)
        case "messages":
            return MessagesReader(losses)


def _stage(tools: Mapping[str, Offered]) -> Stage | None:
    return AsOffered(tools) if tools else None


def _writer(target: Api, asked: bytes, id: str, created: int, losses: Losses) -> Writer:
    match target:
        case "chat":
            return ChatWriter(asked, id, created, losses)
        case "responses":
            return ResponsesWriter(asked, id, created, losses)
        case "messages":
            return MessagesWriter(asked, id, losses)
