"""`POST /v1/embeddings`: read, counted and recorded; what is asked and answered passes as it is."""

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError, UpstreamBroke
from proxy.wire.embeddings.answer import EmbeddingsChunk
from proxy.wire.embeddings.request import EmbeddingsRequest
from proxy.wire.format import EventWriter
from proxy.wire.openai import OpenAIFormat


class EmbeddingsFormat(OpenAIFormat):
    """`POST /v1/embeddings`."""

    name = "embeddings"
    path = "embeddings"
    operation = "embeddings"
    chained = False

    def read_request(self, body: bytes) -> EmbeddingsRequest:
        return EmbeddingsRequest.read(body)

    def read_chunk(self, data: bytes) -> EmbeddingsChunk:
        raise UpstreamBroke("the upstream streams where embeddings were asked for")

    def read_whole(self, body: bytes) -> EmbeddingsChunk:
        return EmbeddingsChunk(body)

    def is_answer(self, body: bytes) -> bool:
        return b'"data"' in body or b'"error"' not in body

    def writer(self, request: ChatRequest) -> EventWriter:
        return _NoEvents()


class _NoEvents:
    """No request asks for a stream, so nothing is ever written here."""

    def event(self, chunk: Chunk) -> bytes:
        raise TypeError("embeddings are not streamed")

    def whole(self, completion: Completion) -> list[bytes]:
        raise TypeError("embeddings are not streamed")

    def end(self) -> bytes:
        return b""

    def error(self, error: ApiError, request_id: str, document: bytes | None) -> bytes:
        return b""
