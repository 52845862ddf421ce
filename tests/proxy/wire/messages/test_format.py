"""Streams of this API are read whoever wrote them, and written as its clients expect them."""

import json
from typing import Any

import pytest
from hypothesis import given

from proxy.errors import ApiError, UpstreamBroke
from proxy.wire.messages import MessagesCompletion, MessagesFormat, MessagesRequest
from tests.proxy.wire.messages import sequence
from tests.proxy.wire.messages.conversations import messages, streams

FORMAT = MessagesFormat()
WRITER = FORMAT.writer(MessagesRequest.read(b'{"model": "m", "messages": []}'))


@given(streams())
def test_events_go_out_as_they_came_under_their_names(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    _, events = stream
    written = [WRITER.event(FORMAT.read_chunk(event)) for event in events]
    assert [each.split(b"\n")[1] for each in written] == [b"data: " + event for event in events]
    sequence.check(sequence.events_in(b"".join(written) + WRITER.end()))


@given(messages())
def test_a_whole_answer_streams_as_all_that_it_says(whole: dict[str, Any]) -> None:
    written = WRITER.whole(MessagesCompletion(json.dumps(whole).encode()))
    sequence.check(sequence.events_in(b"".join(written) + WRITER.end()))


def test_a_whole_document_that_is_no_message_does_not_stream() -> None:
    for body in (b"{}", b'{"content": "text"}', b'{"content": [1]}'):
        with pytest.raises(UpstreamBroke):
            WRITER.whole(MessagesCompletion(body))


def test_an_answer_without_counts_streams_with_none_in_them() -> None:
    """Clients read them without a look whether they are there."""
    body = b'{"type":"message","role":"assistant","content":[],"stop_reason":"end_turn"}'
    sequence.check(sequence.events_in(b"".join(WRITER.whole(MessagesCompletion(body)))))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"type":"ping"}', b"ping"),
        (b'{ "type" : "ping" , "x": 1}  ', b"ping"),
        (b'{"index":0,"type":"content_block_stop"}', b"content_block_stop"),
        (b'{"type":"content_block_stop","index":0     }', b"content_block_stop"),
        (b' {"type": "p\\u0069ng"}', b"ping"),
        (b'{"type": "two\\nlines"}', b""),
        (b'{"type": 7}', b""),
        (b'{"no": "type"}', b""),
        (b'{"type", "broken"}', b""),
    ],
)
def test_an_event_is_named_by_its_type_wherever_that_stands(data: bytes, kind: bytes) -> None:
    chunk = FORMAT.read_chunk(data)
    assert chunk.kind == kind
    name = b"event: " + kind + b"\n" if kind else b""
    assert WRITER.event(chunk) == name + b"data: " + data + b"\n\n"


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"data", b'{"type":"ping"', b'"type"'])
def test_what_is_no_object_is_a_broken_stream(data: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        FORMAT.read_chunk(data)


@pytest.mark.parametrize(
    ("data", "message", "kept"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "Overloaded", True),
        (b'{"error":{"type":"overloaded_error","message":"Overloaded"},"type":"error"}', "Overloaded", True),
        (b'{"type":"error","error":{}}', "the upstream sent an error in its stream", True),
        (b'{"type":"error","error":"Overloaded"}', "the upstream sent an error in its stream", False),
        (b'{"error":{"message":"Overloaded"}}', "Overloaded", False),
    ],
)
def test_an_error_among_the_events_is_one_and_kept_in_this_apis_shape(data: bytes, message: str, kept: bool) -> None:
    with pytest.raises(UpstreamBroke) as broke:
        FORMAT.read_chunk(data)
    assert str(broke.value) == message
    assert broke.value.document == (data if kept else None)


def test_text_about_errors_is_none() -> None:
    delta = {"type": "text_delta", "text": '{"type":"error"}'}
    data = json.dumps({"type": "content_block_delta", "index": 0, "delta": delta}).encode()
    assert FORMAT.read_chunk(data).text == '{"type":"error"}'


def test_a_stream_that_fails_ends_in_the_error() -> None:
    upstreams = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    assert WRITER.error(ApiError(502, "x"), "run", upstreams) == b"event: error\ndata: " + upstreams + b"\n\n"
    [told] = sequence.events_in(WRITER.error(ApiError(502, "it broke", type="api_error"), "run", None))
    sequence.check([told], ending="error")
    assert told["error"]["message"] == "it broke"


def test_a_silent_stream_is_kept_open_by_pings() -> None:
    assert sequence.events_in(FORMAT.ping) == [{"type": "ping"}]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"type":"message","content":[]}', True),
        (b'{"type":"message","content":[{"type":"text","text":"\\"error\\""}]}', True),
        (b'{"type":"error","error":{"type":"api_error","message":"no \\"content\\""}}', False),
    ],
)
def test_an_error_under_a_status_of_success_is_no_answer(body: bytes, answer: bool) -> None:
    assert FORMAT.is_answer(body) is answer


@pytest.mark.parametrize(
    ("status", "type", "told"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "invalid_request_error", "authentication_error"),
        (401, "authentication_error", "authentication_error"),
        (402, "insufficient_quota", "billing_error"),
        (403, "permission_error", "permission_error"),
        (404, "invalid_request_error", "not_found_error"),
        (405, "invalid_request_error", "invalid_request_error"),
        (408, "timeout_error", "timeout_error"),
        (413, "invalid_request_error", "request_too_large"),
        (422, "invalid_request_error", "invalid_request_error"),
        (429, "insufficient_quota", "rate_limit_error"),
        (429, "rate_limit_error", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (502, "upstream_error", "api_error"),
        (502, "overloaded_error", "overloaded_error"),
        (503, "api_error", "overloaded_error"),
        (504, "timeout_error", "timeout_error"),
        (529, "overloaded_error", "overloaded_error"),
    ],
)
def test_an_error_is_of_a_type_that_clients_of_this_api_know(status: int, type: str, told: str) -> None:
    document = json.loads(FORMAT.error(ApiError(status, "no", type=type), "run"))
    assert document == {"type": "error", "error": {"type": told, "message": "no"}, "request_id": "run"}


def test_an_error_keeps_its_code_and_the_field_it_is_about() -> None:
    error = ApiError(400, "model: is missing", param="model", code="missing_field")
    assert json.loads(FORMAT.error(error, "run"))["error"] == {
        "type": "invalid_request_error",
        "message": "model: is missing",
        "param": "model",
        "code": "missing_field",
        "details": {"error_code": "missing_field"},
    }
