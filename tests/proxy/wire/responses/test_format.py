"""What leaves for a client: events by their names, whole answers as events, and errors as its libraries know them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ApiError, UpstreamBroke
from proxy.wire.responses import ResponsesCompletion, ResponsesFormat
from tests.proxy.wire.responses.answers import responses, streams
from tests.proxy.wire.responses.sequence import events_of, said, text_of

FORMAT = ResponsesFormat()
REQUEST = FORMAT.read_request(
    b'{"model":"m","input":"?","stream":true,"temperature":0,"tools":[{"type":"function","name":"f"}]}'
)
CREATED = b'{"type":"response.created","sequence_number":4,"response":{"id":"r","status":"in_progress","output":[]}}'
OVERLOADED = ApiError(503, "too busy", type="server_error", code="overloaded")
QUOTA = {"type": "insufficient_quota", "code": "insufficient_quota", "message": "pay", "param": None}


def broken(document: dict[str, Any] | None, *before: bytes) -> list[dict[str, Any]]:
    """The events that end a stream after those before."""
    writer = FORMAT.writer(REQUEST)
    for data in before:
        writer.event(FORMAT.read_chunk(data))
    said = json.dumps(document).encode() if document else None
    return events_of(writer.error(OVERLOADED, "run-1", said))


@given(streams())
def test_an_event_leaves_with_its_name_and_its_bytes(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    writer = FORMAT.writer(REQUEST)
    for data in stream[1]:
        kind = json.loads(data)["type"].encode()
        assert writer.event(FORMAT.read_chunk(data)) == b"event: " + kind + b"\ndata: " + data + b"\n\n"
    assert writer.end() == b""


def test_line_breaks_between_tokens_do_not_break_an_event() -> None:
    written = FORMAT.writer(REQUEST).event(FORMAT.read_chunk(b' {"type":"x",\n"a":\r\n1} '))
    assert written == b'event: x\ndata: {"type":"x", "a":  1}\n\n'
    assert FORMAT.writer(REQUEST).event(FORMAT.read_chunk(b'{"type":"x\nevent: y"}')).count(b"\n") == 2


@given(responses())
def test_a_whole_answer_is_told_as_a_stream(whole: dict[str, Any]) -> None:
    written = FORMAT.writer(REQUEST).whole(ResponsesCompletion(json.dumps(whole).encode()))
    assert all(event.endswith(b"\n\n") and event.count(b"\n\n") == 1 for event in written)
    assert said(events_of(b"".join(written))) == whole


@pytest.mark.parametrize(
    ("status", "last"),
    [
        ("failed", "response.failed"),
        ("cancelled", "response.incomplete"),
        ("queued", "response.queued"),
        ("in_progress", "response.in_progress"),
        (None, "response.completed"),
    ],
)
def test_a_whole_answer_ends_as_its_status_says(status: str | None, last: str) -> None:
    body = json.dumps({"id": "r", "object": "response", "status": status, "output": []}).encode()
    assert events_of(b"".join(FORMAT.writer(REQUEST).whole(ResponsesCompletion(body))))[-1]["type"] == last


def test_what_is_no_response_cannot_be_told_as_one() -> None:
    with pytest.raises(UpstreamBroke, match="no response"):
        FORMAT.writer(REQUEST).whole(ResponsesCompletion(b"[]"))


@given(st.text(), st.sampled_from(["stop", "length", "content_filter", "tool_calls"]))
def test_an_answer_of_our_own_is_a_whole_response(text: str, reason: str) -> None:
    answer = REQUEST.answer(text, reason)
    response = said(events_of(b"".join(FORMAT.writer(REQUEST).whole(answer))))
    assert (text_of(response), response["model"], response["temperature"]) == (text, "m", 0)
    assert response["tools"] == [
        {"type": "function", "name": "f", "description": None, "parameters": None, "strict": True}
    ]
    assert list(answer.finish_reasons) == [reason if reason in ("length", "content_filter") else "stop"]
    assert REQUEST.answer(text, reason).id == answer.id != REQUEST.answer(text + "!", reason).id


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"type": "error", "code": "x", "message": "flat", "param": None, "sequence_number": 1}, "flat"),
        ({"type": "error", "error": QUOTA, "sequence_number": 1}, "pay"),
        ({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "sorry"}}}, "sorry"),
        ({"type": "response.failed", "response": {"error": None}}, "the upstream sent an error in its stream"),
        ({"error": {"message": "as in chat"}}, "as in chat"),
        ({"error": "in a word"}, "in a word"),
    ],
)
def test_an_error_among_the_events_ends_the_stream(event: dict[str, Any], message: str) -> None:
    data = json.dumps(event).encode()
    with pytest.raises(UpstreamBroke) as broke:
        FORMAT.read_chunk(data)
    assert (str(broke.value), broke.value.document) == (message, data)


@pytest.mark.parametrize("data", [b'{"error":null}', b'{"type":"response.created","response":{"error":null}}'])
def test_an_error_that_is_none_is_none(data: bytes) -> None:
    assert FORMAT.read_chunk(data).data == data


def test_what_is_no_object_ends_the_stream() -> None:
    with pytest.raises(UpstreamBroke, match="no JSON object"):
        FORMAT.read_chunk(b"hello")


def test_a_stream_that_fails_ends_in_an_error_and_a_response_that_failed() -> None:
    error, failed = broken(None, CREATED)
    told = {"message": "too busy", "param": None, "code": "overloaded"}
    assert error == {
        "type": "error",
        "sequence_number": 5,
        **told,
        "error": {**told, "type": "server_error", "request_id": "run-1"},
    }
    assert failed == {
        "type": "response.failed",
        "sequence_number": 6,
        "response": {
            "id": "r",
            "status": "failed",
            "output": [],
            "error": {"code": "overloaded", "message": "too busy"},
        },
    }


def test_a_stream_that_fails_before_it_began_is_a_response_all_the_same() -> None:
    error, failed = broken(None)
    assert [error["sequence_number"], failed["sequence_number"]] == [0, 1]
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["model"] == "m"


def test_an_error_of_the_provider_is_told_in_its_own_words() -> None:
    error, failed = broken({"type": "error", "error": QUOTA, "sequence_number": 5}, CREATED)
    assert error == {"type": "error", "error": QUOTA, "sequence_number": 5}
    assert failed["response"]["error"] == {"code": "insufficient_quota", "message": "pay"}


def test_an_error_in_the_shape_of_chat_has_the_name_that_clients_look_for() -> None:
    event = FORMAT.writer(REQUEST).error(OVERLOADED, "run-1", b'{"error":{"message":"as in chat"}}')
    assert event.startswith(b'event: error\ndata: {"error":{"message":"as in chat"}}\n\nevent: response.failed\n')


def test_a_response_that_failed_reaches_the_client_as_it_is() -> None:
    document = {"type": "response.failed", "response": {"id": "r", "error": QUOTA}, "sequence_number": 5}
    assert broken(document, CREATED) == [document]


def test_an_answer_of_a_step_in_place_of_an_error_is_told_as_the_error_it_stands_for() -> None:
    error, _ = broken(json.loads(REQUEST.answer("no").body), CREATED)
    assert error["message"] == "too busy"


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        (b'{"object":"response","error":null,"output":[]}', True),
        (b'{"id":"r"}', True),
        (b'{"error":{"message":"no"}}', False),
    ],
)
def test_an_error_under_a_status_of_success_is_no_answer(body: bytes, answers: bool) -> None:
    assert FORMAT.is_answer(body) is answers
