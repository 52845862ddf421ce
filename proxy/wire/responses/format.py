"""`POST /v1/responses`: bytes of a client read, and answers written as it expects them."""

from middleware.messages import ChatRequest
from proxy.errors import UpstreamBroke
from proxy.wire.event_errors import json_object
from proxy.wire.openai import OpenAIFormat
from proxy.wire.responses import event
from proxy.wire.responses.answer import ResponsesChunk
from proxy.wire.responses.request import ResponsesRequest
from proxy.wire.responses.writer import ResponsesWriter


class ResponsesFormat(OpenAIFormat):
    """`POST /v1/responses`."""

    name = "responses"
    path = "responses"
    operation = "chat"
    chained = True

    def read_request(self, body: bytes) -> ResponsesRequest:
        return ResponsesRequest.read(body)

    def read_chunk(self, data: bytes) -> ResponsesChunk:
        data = json_object(data)
        kind = event.kind_of(data)
        # A response that failed is no answer: it reaches the client as it is, and counts as what it is.
        if kind in event.FAILURES and (kind or b'"error"' in data):
            _raise_error(data)
        if not kind and b'"output"' in data:
            return self.read_whole(data)  # It is told as the events it stands for.
        return ResponsesChunk(data, kind)

    def read_whole(self, body: bytes) -> ResponsesChunk:
        return ResponsesChunk(body, whole=True)

    def is_answer(self, body: bytes) -> bool:
        return b'"output"' in body or b'"error"' not in body

    def writer(self, request: ChatRequest) -> ResponsesWriter:
        return ResponsesWriter(request)


def _raise_error(data: bytes) -> None:
    """Where the event has no type, and `error` is nothing, it is none."""
    told = event.told_error(data)
    if told is not None:
        raise UpstreamBroke(told.message or "the upstream sent an error in its stream", data)
