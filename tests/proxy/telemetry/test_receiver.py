"""Posting to an OTLP/HTTP receiver, by the rules of its specification."""

import socket
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from proxy.telemetry.receiver import Answer, Receiver
from tests.proxy.telemetry.receiving import Receiving, Reply, receiving


@pytest.fixture
def server() -> Iterator[Receiving]:
    with receiving() as server:
        yield server


def test_a_request_goes_to_the_path_of_traces_as_protobuf(server: Receiving) -> None:
    receiver = Receiver(server.url, {"authorization": "Bearer x"})
    assert receiver.post(b"") == Answer(True)
    (post,) = server.posts
    assert post.path == "/v1/traces"
    assert post.headers["content-type"] == "application/x-protobuf"
    assert post.headers["authorization"] == "Bearer x"
    receiver.close()


@pytest.mark.parametrize(
    ("given", "path"),
    [("", "/v1/traces"), ("/", "/v1/traces"), ("/otlp", "/otlp/v1/traces"), ("/x/v1/traces", "/x/v1/traces")],
)
def test_the_endpoint_may_be_the_base_or_the_whole_url(given: str, path: str, server: Receiving) -> None:
    receiver = Receiver(server.url + given, {})
    receiver.post(b"")
    assert server.posts[0].path == path
    receiver.close()


def test_one_connection_serves_many_posts(server: Receiving) -> None:
    receiver = Receiver(server.url, {})
    for _ in range(5):
        assert receiver.post(b"").accepted
    assert server.connections == 1
    receiver.close()


def test_a_connection_the_receiver_closed_meanwhile_is_replaced(server: Receiving) -> None:
    receiver = Receiver(server.url, {})
    server.replies = [Reply(headers={"connection": "close"})]
    assert receiver.post(b"").accepted
    assert receiver.post(b"").accepted
    assert (server.connections, len(server.posts)) == (2, 2)
    receiver.close()


def test_a_request_is_compressed_on_demand(server: Receiving) -> None:
    receiver = Receiver(server.url, {}, compress=True)
    assert receiver.post(b"").accepted
    assert server.posts[0].headers["content-encoding"] == "gzip"
    receiver.close()


@pytest.mark.parametrize(
    ("status", "again"), [(429, True), (502, True), (503, True), (504, True), (400, False), (401, False), (500, False)]
)
def test_only_what_may_pass_is_worth_another_try(status: int, again: bool, server: Receiving) -> None:
    receiver = Receiver(server.url, {})
    server.replies = [Reply(status, body=b"no")]
    assert receiver.post(b"") == Answer(False, again, None, f"HTTP {status} no")
    receiver.close()


def test_the_receiver_says_how_long_to_wait(server: Receiving) -> None:
    receiver = Receiver(server.url, {})
    server.replies = [Reply(503, {"retry-after": "7"}), Reply(503, {"retry-after": "Fri, 01 Jan 2027 00:00:00 GMT"})]
    assert receiver.post(b"").wait == 7
    assert receiver.post(b"").wait is None
    receiver.close()


def test_what_was_taken_only_in_part_is_told(server: Receiving) -> None:
    partial = ExportTracePartialSuccess(rejected_spans=3, error_message="too old")
    server.replies = [Reply(body=ExportTraceServiceResponse(partial_success=partial).SerializeToString())]
    receiver = Receiver(server.url, {})
    assert receiver.post(b"") == Answer(True, reason="3 spans rejected: too old")
    receiver.close()


def test_a_receiver_that_is_not_there_may_come_back() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = Receiver(f"http://127.0.0.1:{unused.getsockname()[1]}", {}).post(b"")
    assert (answer.accepted, answer.again) == (False, True)
    assert "refused" in answer.reason


def test_what_does_not_speak_http_may_come_back_as_something_that_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.getsockname()[1]}", {}, timeout=0.05)
        answer = receiver.post(b"")
        assert (answer.accepted, answer.again) == (False, True)
        assert "timed out" in answer.reason
        receiver.close()
