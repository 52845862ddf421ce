"""`POST /v1/completions`: bytes of a client read, and answers written as it expects them."""

from collections.abc import Mapping
from types import MappingProxyType

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError
from proxy.wire import sse
from proxy.wire.chat.format import error_document
from proxy.wire.completions.answer import CompletionsChunk
from proxy.wire.completions.join import split_completion
from proxy.wire.completions.request import CompletionsRequest
from proxy.wire.event_errors import without_error
from proxy.wire.usage import without_usage


class CompletionsFormat:
    """`POST /v1/completions`."""

    name = "completions"
    path = "completions"
    operation = "text_completion"
    chained = False
    ping = sse.PING
    key_header = "authorization"
    defaults: Mapping[str, str] = MappingProxyType({})
    request_id = b"x-request-id"

    def read_request(self, body: bytes) -> CompletionsRequest:
        return CompletionsRequest.read(body)

    def read_chunk(self, data: bytes) -> CompletionsChunk:
        return CompletionsChunk(without_error(data))

    def read_whole(self, body: bytes) -> CompletionsChunk:
        return CompletionsChunk(body, whole=True)

    def is_answer(self, body: bytes) -> bool:
        return b'"choices"' in body or b'"error"' not in body

    def writer(self, request: ChatRequest) -> "CompletionsWriter":
        return CompletionsWriter(usage=isinstance(request, CompletionsRequest) and request.wants_usage)

    def error(self, error: ApiError, request_id: str) -> bytes:
        return error_document(error, request_id)


class CompletionsWriter:
    """The events of a text completion: every chunk stands for itself. `usage`: whether the client asked for it."""

    def __init__(self, *, usage: bool) -> None:
        self._usage = usage

    def event(self, chunk: Chunk) -> bytes:
        assert isinstance(chunk, CompletionsChunk)
        data = chunk.data if self._usage else without_usage(chunk.data)
        return sse.event(data) if data else b""

    def whole(self, completion: Completion) -> list[bytes]:
        return [sse.event(data) for data in split_completion(completion.body, usage=self._usage)]

    def end(self) -> bytes:
        return sse.event(sse.DONE)

    def error(self, error: ApiError, request_id: str, document: bytes | None) -> bytes:
        return sse.event(document or error_document(error, request_id))
