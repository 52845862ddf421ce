"""`POST /v1/chat/completions`: bytes of a client read, and answers written as it expects them."""

from middleware.messages import ChatRequest
from proxy.wire.chat.answer import ChatChunk
from proxy.wire.chat.request import ChatCompletionsRequest
from proxy.wire.chat.split import split_completion
from proxy.wire.event_errors import without_error
from proxy.wire.openai import ChunkWriter, OpenAIFormat


class ChatFormat(OpenAIFormat):
    """`POST /v1/chat/completions`."""

    name = "chat"
    path = "chat/completions"
    operation = "chat"
    chained = True

    def read_request(self, body: bytes) -> ChatCompletionsRequest:
        return ChatCompletionsRequest.read(body)

    def read_chunk(self, data: bytes) -> ChatChunk:
        return ChatChunk(without_error(data))

    def read_whole(self, body: bytes) -> ChatChunk:
        return ChatChunk(body, whole=True)

    def is_answer(self, body: bytes) -> bool:
        return b'"choices"' in body or b'"error"' not in body

    def writer(self, request: ChatRequest) -> ChunkWriter:
        usage = isinstance(request, ChatCompletionsRequest) and request.wants_usage
        return ChunkWriter(split_completion, usage=usage)
