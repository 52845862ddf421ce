"""`POST /v1/messages`: bytes of a client read, and answers written as it expects them."""

from collections.abc import Mapping
from types import MappingProxyType

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError
from proxy.wire.messages import events
from proxy.wire.messages.answer import MessagesChunk, text_delta
from proxy.wire.messages.errors import error_document
from proxy.wire.messages.request import MessagesRequest
from proxy.wire.messages.split import split_message


class MessagesFormat:
    """`POST /v1/messages`."""

    name = "messages"
    path = "messages"
    operation = "chat"
    chained = True
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    key_header = "x-api-key"
    defaults: Mapping[str, str] = MappingProxyType({"anthropic-version": "2023-06-01"})
    request_id = b"request-id"

    def read_request(self, body: bytes) -> MessagesRequest:
        return MessagesRequest.read(body)

    def read_chunk(self, data: bytes) -> MessagesChunk:
        kind = events.kind_of(data)
        # A whole message where events were asked for is told as the events it stands for.
        return self.read_whole(data) if kind == events.MESSAGE else MessagesChunk(data, kind=kind)

    def read_whole(self, body: bytes) -> MessagesChunk:
        return MessagesChunk(body, whole=True)

    def is_answer(self, body: bytes) -> bool:
        return b'"content"' in body or b'"error"' not in body

    def writer(self, request: ChatRequest) -> "MessagesWriter":
        return MessagesWriter()

    def error(self, error: ApiError, request_id: str) -> bytes:
        return error_document(error, request_id)


class MessagesWriter:
    """The events of a message: every chunk stands for itself, and its last event ends the stream."""

    def event(self, chunk: Chunk) -> bytes:
        assert isinstance(chunk, MessagesChunk)
        written = events.written(chunk.kind, chunk.data)
        if chunk.said:
            return events.written(events.BLOCK_DELTA, text_delta(0, chunk.said)) + written
        return written

    def whole(self, completion: Completion) -> list[bytes]:
        return [events.written(event.kind, event.data) for event in split_message(completion.body)]

    def end(self) -> bytes:
        return b""

    def error(self, error: ApiError, request_id: str, document: bytes | None) -> bytes:
        return events.written(events.ERROR, document or error_document(error, request_id))
