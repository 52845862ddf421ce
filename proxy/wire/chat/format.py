"""`POST /v1/chat/completions`: bytes of a client read, and answers written as it expects them."""

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

    def event(self, chunk: Chunk, request: ChatRequest) -> bytes:
        assert isinstance(chunk, ChatChunk)
        data = chunk.data
        if b'"usage"' in data and not (isinstance(request, ChatCompletionsRequest) and request.wants_usage):
            data = _without_usage(chunk)
            if not data:
                return b""
        return sse.event(data)

    def events_of(self, completion: Completion, request: ChatRequest) -> list[bytes]:
        usage = isinstance(request, ChatCompletionsRequest) and request.wants_usage
        return [sse.event(chunk) for chunk in split_completion(completion.body, usage=usage)]

    def end(self) -> bytes:
        return sse.event(sse.DONE)

    def error(self, error: ApiError, request_id: str) -> bytes:
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

    def error_event(self, error: ApiError, request_id: str) -> bytes:
        return sse.event(self.error(error, request_id))


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
