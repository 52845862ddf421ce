"""What OpenAI's APIs have in common on the wire: how a key is sent, where an id is looked for, how an error reads."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import orjson

from middleware.messages import Chunk, Completion
from proxy.errors import ApiError
from proxy.wire import sse
from proxy.wire.format import WireChunk
from proxy.wire.usage import without_usage


class OpenAIFormat:
    """The part of a `WireFormat` that is the same in all of them."""

    ping = sse.PING
    key_header = "authorization"
    defaults: Mapping[str, str] = MappingProxyType({})
    request_id = b"x-request-id"

    def error(self, error: ApiError, request_id: str) -> bytes:
        return error_document(error, request_id)


class Split(Protocol):
    """Takes a whole answer apart into the chunks of a stream, with token counts or without."""

    def __call__(self, body: bytes, *, usage: bool) -> list[bytes]: ...


class ChunkWriter:
    """The events of an API in which every chunk stands for itself, and `[DONE]` ends the stream.

    `usage`: whether the client asked for token counts.
    """

    __slots__ = ("_split", "_usage")

    def __init__(self, split: Split, *, usage: bool) -> None:
        self._split = split
        self._usage = usage

    def event(self, chunk: Chunk) -> bytes:
        assert isinstance(chunk, WireChunk)
        data = chunk.data if self._usage else without_usage(chunk.data)
        return sse.event(data) if data else b""

    def whole(self, completion: Completion) -> list[bytes]:
        return [sse.event(data) for data in self._split(completion.body, usage=self._usage)]

    def end(self) -> bytes:
        return sse.event(sse.DONE)

    def error(self, error: ApiError, request_id: str, document: bytes | None) -> bytes:
        return sse.event(document or error_document(error, request_id))


def error_document(error: ApiError, request_id: str) -> bytes:
    """The shape of OpenAI's error reference."""
    return orjson.dumps(
        {
            "error": {
                "message": error.message,
                "type": error.type,
                "param": error.param,
                "code": error.code,
                "request_id": request_id,
            }
        }
    )
