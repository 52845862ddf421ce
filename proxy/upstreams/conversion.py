"""Calls in one API to a provider that speaks another: the request converted going up, the answer coming down."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from middleware.exchange import Exchange
from middleware.messages import Chunk
from middleware.reply import Reply
from proxy.errors import UpstreamBroke
from proxy.wire.convert.answer import StreamConverter, convert_answer
from proxy.wire.convert.request import Api, convert_request
from proxy.wire.format import WireChunk, WireFormat, WireRequest

_SECOND: Final = 10**9


@dataclass(frozen=True, slots=True)
class Converted:
    """The fact that a call was converted, and what of it the other API has no words for."""

    source: str
    target: str
    dropped: tuple[str, ...]


class Conversion:
    """Between the API of the client and that of the provider. Stateless."""

    def __init__(self, client: WireFormat, provider: WireFormat) -> None:
        self._client = client
        self._provider = provider
        self._source: Api = _api(client)
        self._target: Api = _api(provider)

    def request(self, request: WireRequest, earlier: Sequence[bytes]) -> tuple[WireRequest, Converted]:
        """`earlier`: what the request goes on from, where that is kept here. Raises `BadRequest`."""
        converted = convert_request(request.body, self._source, self._target, earlier=earlier)
        return self._provider.read_request(converted.body), Converted(self._source, self._target, converted.dropped)

    def reply(self, exchange: Exchange, request: WireRequest, reply: Reply) -> Reply:
        """`request` is the client's."""
        headers = dict(reply.headers)
        chunks = self._chunks(exchange, request, reply)
        return Reply(chunks, status=reply.status, headers=headers, close=reply.aclose)

    async def _chunks(self, exchange: Exchange, request: WireRequest, reply: Reply) -> AsyncIterator[Chunk]:
        client, asked = self._client, request.body
        created = exchange.started_ns // _SECOND
        converter: StreamConverter | None = None
        try:
            async for chunk in reply:
                if chunk.whole:
                    body = type(chunk).join([chunk]).body
                    yield client.read_whole(
                        convert_answer(body, self._target, self._source, asked=asked, id=exchange.id, created=created)
                    )
                    return
                if converter is None:
                    converter = StreamConverter(
                        self._target, self._source, asked=asked, id=exchange.id, created=created
                    )
                assert isinstance(chunk, WireChunk)  # As every format makes them.
                for data in converter.feed(chunk.data):
                    yield client.read_chunk(data)
            for data in converter.end() if converter else ():
                yield client.read_chunk(data)
        except UpstreamBroke as broke:
            # What the provider put its error into is in its own API's shape.
            raise UpstreamBroke(str(broke)) from broke


def _api(format: WireFormat) -> Api:
    match format.name:
        case "chat" | "responses" | "messages":
            return format.name
    raise ValueError(f"{format.name} is not converted")
