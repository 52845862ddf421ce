"""Calls in one API to a provider that speaks another: the request converted going up, the answer coming down."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from middleware.exchange import Exchange
from middleware.messages import Chunk
from middleware.reply import Reply
from proxy.errors import UpstreamBroke
from proxy.wire import document
from proxy.wire.convert.answer import StreamConverter, convert_answer
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.request import convert_request
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.requests.tools import Offered
from proxy.wire.format import WireChunk, WireFormat, WireRequest

STEP: Final = "convert"
"""What the trace calls it."""

_SECOND: Final = 10**9


@dataclass(frozen=True, slots=True)
class Converted:
    """The fact that a call was converted, and what of its request the other API has no words for."""

    source: str
    target: str
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LostInAnswer:
    """What of the answer the client's API has no words for."""

    dropped: tuple[str, ...]


Record: TypeAlias = Callable[[Converted | LostInAnswer], None]
Tools: TypeAlias = Mapping[str, Offered]


class Kept(Protocol):
    """What of earlier answers is kept here."""

    def earlier(self, id: str) -> Sequence[bytes]:
        """JSON lists of the items up to the answer of this id, oldest first."""

    def item(self, id: str) -> bytes | None:
        """An item of an answer, by the item's own id."""


class Conversion:
    """Between the API of the client and that of the provider. Stateless.

    `plain_reasoning`: the provider takes reasoning that it has not itself signed or encrypted. `asks_usage`: it may be
    asked for token counts at the end of a stream.
    """

    def __init__(
        self, client: WireFormat, provider: WireFormat, *, plain_reasoning: bool = False, asks_usage: bool = True
    ) -> None:
        self._client = client
        self._provider = provider
        self._source: Api = _api(client)
        self._target: Api = _api(provider)
        self._plain_reasoning = plain_reasoning
        self._asks_usage = asks_usage

    def request(self, request: WireRequest, kept: Kept, record: Record) -> tuple[WireRequest, Tools]:
        """The request for the provider, and what the client calls the tools in it. Raises `BadRequest`."""
        converted = convert_request(
            request.body,
            self._source,
            self._target,
            earlier=kept.earlier(request.continues) if request.continues else (),
            referred=kept.item,
            plain_reasoning=self._plain_reasoning,
        )
        record(Converted(self._source, self._target, converted.dropped))
        body = converted.body if self._asks_usage else document.without(converted.body, "stream_options")
        return self._provider.read_request(body), converted.tools

    def reply(
        self, exchange: Exchange, request: WireRequest, reply: Reply, record: Record, tools: Tools | None = None
    ) -> Reply:
        """`request` is the client's; `tools` are read from it where they are not given."""
        chunks = self._chunks(exchange, request, reply, record, tools)
        return Reply(chunks, status=reply.status, headers=reply.headers, close=reply.aclose)

    async def _chunks(
        self,
        exchange: Exchange,
        request: WireRequest,
        reply: Reply,
        record: Record,
        tools: Tools | None,
    ) -> AsyncIterator[Chunk]:
        client, asked, created = self._client, request.body, exchange.started_ns // _SECOND
        losses = Losses()
        converter: StreamConverter | None = None
        try:
            async for chunk in reply:
                assert isinstance(chunk, WireChunk)  # As every format makes them.
                if chunk.whole:
                    body = convert_answer(
                        chunk.data,
                        self._target,
                        self._source,
                        asked=asked,
                        id=exchange.id,
                        created=created,
                        tools=tools,
                        losses=losses,
                    )
                    yield client.read_whole(body)
                    return
                if converter is None:
                    converter = StreamConverter(
                        self._target,
                        self._source,
                        asked=asked,
                        id=exchange.id,
                        created=created,
                        tools=tools,
                        losses=losses,
                    )
                for data in converter.feed(chunk.data):
                    yield client.read_chunk(data)
            for data in converter.end() if converter else ():
                yield client.read_chunk(data)
        except UpstreamBroke as broke:
            # What the provider put its error into is in its own API's shape.
            raise UpstreamBroke(str(broke)) from broke
        finally:
            if told := losses.told():
                record(LostInAnswer(told))


def _api(format: WireFormat) -> Api:
    match format.name:
        case "chat" | "responses" | "messages":
            return format.name
    raise ValueError(f"{format.name} is not converted")
