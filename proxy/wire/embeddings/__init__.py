"""The embeddings API. Source: https://platform.openai.com/docs/api-reference/embeddings."""

from proxy.wire.embeddings.answer import EmbeddingsChunk, EmbeddingsCompletion
from proxy.wire.embeddings.format import EmbeddingsFormat
from proxy.wire.embeddings.request import EmbeddingsRequest

__all__ = ["EmbeddingsChunk", "EmbeddingsCompletion", "EmbeddingsFormat", "EmbeddingsRequest"]
