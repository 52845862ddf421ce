"""`POST /v1/chat/completions`: bytes of a client read, and answers written as it expects them."""

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError
from proxy.wire import sse
from proxy.wire.chat.answer import ChatChunk
from proxy.wire.chat.request import ChatCompletionsRequest
from proxy.wire.chat.split import split_completion
from proxy.wire.event_errors import without_error
from proxy.wire.usage import without_usage


class ChatFormat:
    """`POST /v1/chat/completions`."""

    name = "chat"
    path = "chat/completions"
    operation = "chat"
    chained = True
    ping = sse.PING
    key_header = "authorization"
    defaults: Mapping[str, str] = MappingProxyType({})
    request_id = b"x-request-id"

    def read_request(self, body: bytes) -> ChatCompletionsRequest:
        return ChatCompletionsRequest.read(body)

    def read_chunk(self, data: bytes) -> ChatChunk:
        return ChatChunk(without_error(data))

    def read_whole(self, body: bytes) -> ChatChunk:
        return ChatChunk(body, whole=True)

    def is_answer(self, body: bytes) -> bool:
        return b'"choices"' in body or b'"error"' not in body

    def writer(self, request: ChatRequest) -> "ChatWriter":
        return ChatWriter(usage=isinstance(request, ChatCompletionsRequest) and request.wants_usage)

    def error(self, error: ApiError, request_id: str) -> bytes:
        return error_document(error, request_id)


class ChatWriter:
    """The events of a chat completion: every chunk stands for itself. `usage`: whether the client asked for it."""

    def __init__(self, *, usage: bool) -> None:
        self._usage = usage

    def event(self, chunk: Chunk) -> bytes:
        assert isinstance(chunk, ChatChunk)
        data = chunk.data if self._usage else without_usage(chunk.data)
        return sse.event(data) if data else b""

    def whole(self, completion: Completion) -> list[bytes]:
        return [sse.event(chunk) for chunk in split_completion(completion.body, usage=self._usage)]

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
