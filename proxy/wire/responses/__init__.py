"""The Responses API. Source: https://platform.openai.com/docs/api-reference/responses."""

from proxy.wire.responses.answer import ResponsesChunk, ResponsesCompletion
from proxy.wire.responses.format import ResponsesFormat
from proxy.wire.responses.request import ResponsesRequest

__all__ = ["ResponsesChunk", "ResponsesCompletion", "ResponsesFormat", "ResponsesRequest"]
