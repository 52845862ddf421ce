"""A streamed response, event by event, and how a stream ends that failed."""

from typing import Any

import msgspec

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError
from proxy.wire import document as documents
from proxy.wire import sse
from proxy.wire.responses import event
from proxy.wire.responses.answer import ResponsesChunk
from proxy.wire.responses.raw import encode, fields_in, items_in
from proxy.wire.responses.resource import begun
from proxy.wire.responses.split import split_response


class ResponsesWriter:
    """The events of the one reply to `request`."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._first: ResponsesChunk | None = None
        self._last: ResponsesChunk | None = None

    def event(self, chunk: Chunk) -> bytes:
        assert isinstance(chunk, ResponsesChunk)
        if self._first is None:
            self._first = chunk
        self._last = chunk
        data = chunk.data
        if b"\n" in data or b"\r" in data:
            return _named(chunk.kind, data)
        return b"event: " + chunk.kind + b"\ndata: " + data + b"\n\n" if chunk.kind else sse.event(data)

    def whole(self, completion: Completion) -> list[bytes]:
        return [_named(kind, data) for kind, data in split_response(completion.body)]

    def end(self) -> bytes:
        return b""

    def error(self, error: ApiError, request_id: str, document: bytes | None) -> bytes:
        """An `error` event and a `response.failed`: some clients know but one of them.

        The OpenAI libraries raise their `APIError` for what has an `error` field, and the agents SDKs build on them;
        the event's own fields are how its documentation has it. To codex `error` is nothing, and to a client that reads
        on after it, `response.failed` is how the response ended.
        """
        kind = event.kind_of(document) if document else b""
        if document and kind == event.FAILED:
            return _named(kind, _with_no_output(document))
        told = event.told_error(document) if document else None
        number = self._next_number()
        code = error.code if told is None else told.code
        message = error.message if told is None or not told.message else told.message
        if document and told:
            written = _named(kind if kind in event.ERRORS else b"error", document)
        else:
            fields = {"message": message, "param": error.param, "code": code}
            nested = {**fields, "type": error.type, "request_id": request_id}
            told_of = {"type": "error", "sequence_number": number, **fields, "error": nested}
            written = _named(b"error", encode(told_of))
        return written + self._failed(number + 1, code, message)

    def _failed(self, number: int, code: str | int | None, message: str) -> bytes:
        response = event.read_event(self._first.data).response if self._first else None
        if response is None or not bytes(response).startswith(b"{"):
            response = msgspec.Raw(encode(begun(self._request.body, id="resp_failed", created_at=0)))
        # The code tells codex whether to try again.
        failed = documents.with_fields(
            bytes(response), status="failed", error={"code": code or "server_error", "message": message}
        )
        told = {"type": "response.failed", "sequence_number": number, "response": msgspec.Raw(failed)}
        return _named(event.FAILED, encode(told))

    def _next_number(self) -> int:
        number: Any = event.read_event(self._last.data).sequence_number if self._last else None
        return number + 1 if type(number) is int else 0


def _named(kind: bytes, data: bytes) -> bytes:
    written = sse.event(data)
    return b"event: " + kind + b"\n" + written if kind and b"\n" not in kind and b"\r" not in kind else written


def _with_no_output(data: bytes) -> bytes:
    """A failed response without what it said until then: its client was told that already, or a step held it back."""
    response = event.read_event(data).response
    if not items_in(fields_in(response).get("output")):
        return data
    return documents.with_fields(data, response=documents.with_fields(bytes(response), output=[]))
