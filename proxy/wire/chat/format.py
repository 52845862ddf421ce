"""`POST /v1/chat/completions`: bytes of a client read, and answers written as it expects them."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
import orjson

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError, UpstreamBroke
from proxy.wire import document, sse
from proxy.wire.chat.answer import ChatChunk
from proxy.wire.chat.request import ChatCompletionsRequest
from proxy.wire.chat.split import split_completion


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
        if not (data[:1] == b"{" and data[-1:] == b"}"):
            data = data.strip()
            if not (data[:1] == b"{" and data[-1:] == b"}"):
                raise UpstreamBroke("the upstream sent an event that is no JSON object")
        if b'"error"' in data and (data.startswith(b'{"error"') or b'"choices"' not in data):
            error = orjson.loads(data).get("error")
            if isinstance(error, dict):
                raise UpstreamBroke(str(error.get("message") or "the upstream sent an error in its stream"), data)
            if error:
                raise UpstreamBroke(str(error))
        return ChatChunk(data)

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
        data = chunk.data
        if not self._usage and b'"usage"' in data:
            data = _without_usage(chunk)
            if not data:
                return b""
        return sse.event(data)

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


def _without_usage(chunk: ChatChunk) -> bytes:
    """The chunk's data for a client that did not ask for usage; b"" where usage is all it carries."""
    for nothing in (b',"usage":null', b', "usage": null'):
        if nothing in chunk.data:
            return chunk.data.replace(nothing, b"")
    answer = chunk.answer
    if answer.usage is None:
        return chunk.data
    if not answer.choices:
        return b""
    try:
        fields = document.fields_of(chunk.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return chunk.data
    fields.pop("usage", None)
    return msgspec.json.encode(fields)
