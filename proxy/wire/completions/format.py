"""`POST /v1/completions`: bytes of a client read, and answers written as it expects them."""

from middleware.messages import ChatRequest
from proxy.wire.completions.answer import CompletionsChunk
from proxy.wire.completions.join import split_completion
from proxy.wire.completions.request import CompletionsRequest
from proxy.wire.event_errors import without_error
from proxy.wire.openai import ChunkWriter, OpenAIFormat


class CompletionsFormat(OpenAIFormat):
    """`POST /v1/completions`."""

    name = "completions"
    path = "completions"
    operation = "text_completion"
    chained = False

    def read_request(self, body: bytes) -> CompletionsRequest:
        return CompletionsRequest.read(body)

    def read_chunk(self, data: bytes) -> CompletionsChunk:
        return CompletionsChunk(without_error(data))

    def read_whole(self, body: bytes) -> CompletionsChunk:
        return CompletionsChunk(body, whole=True)

    def is_answer(self, body: bytes) -> bool:
        return b'"choices"' in body or b'"error"' not in body

    def writer(self, request: ChatRequest) -> ChunkWriter:
        usage = isinstance(request, CompletionsRequest) and request.wants_usage
        return ChunkWriter(split_completion, usage=usage)
