"""A provider's embeddings, asked for over HTTP."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from stores.embedding import EmbeddingError
from stores.embedding.upstream import AT_ONCE, LONGEST, UpstreamEmbedder

Answer = Callable[[dict[str, Any]], tuple[int, Any]]


def floats(text: str) -> list[float]:
    """A vector that tells its text, not of length 1."""
    return [float(len(text)), 1.0, 2.0]


def in_floats(request: dict[str, Any]) -> tuple[int, Any]:
    rows = [{"index": place, "embedding": floats(text)} for place, text in enumerate(request["input"])]
    return 200, {"data": rows[::-1]}


def in_base64(request: dict[str, Any]) -> tuple[int, Any]:
    assert request["encoding_format"] == "base64"
    rows = [
        {"index": place, "embedding": base64.b64encode(np.array(floats(text), "<f4").tobytes()).decode()}
        for place, text in enumerate(request["input"])
    ]
    return 200, {"data": rows}


def numbers_only(request: dict[str, Any]) -> tuple[int, Any]:
    return (400, {"error": "unknown encoding"}) if "encoding_format" in request else in_floats(request)


class Server:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = in_base64
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.asked.append(request)
                server.keys.append(self.headers["authorization"])
                status, body = server.answer(request) if self.path == "/v1/embeddings" else (404, "no such path")
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with server.http:
        thread = threading.Thread(target=server.http.serve_forever)
        thread.start()
        yield server
        server.http.shutdown()
        thread.join()


@pytest.fixture
def upstream(server: Server) -> Iterator[UpstreamEmbedder]:
    embedder = UpstreamEmbedder("openai", "small", server.url, api_key="k")
    yield embedder
    embedder.close()


@pytest.mark.parametrize("answer", [in_base64, in_floats, numbers_only])
def test_vectors_come_in_order_and_of_length_one(server: Server, upstream: UpstreamEmbedder, answer: Answer) -> None:
    server.answer = answer
    texts = ["a", "abc", "ab"]
    expected = np.array([floats(text) for text in texts])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    for _ in range(2):
        np.testing.assert_allclose(upstream.embed(texts), expected, atol=1e-6)
    assert upstream.size == 3
    assert upstream.space == "openai/small"
    assert set(server.keys) == {"Bearer k"}
    assert {request["model"] for request in server.asked} == {"small"}


def test_what_the_server_does_not_understand_is_not_asked_twice(server: Server, upstream: UpstreamEmbedder) -> None:
    server.answer = numbers_only
    upstream.embed(["a"])
    upstream.embed(["b"])
    assert ["encoding_format" in request for request in server.asked] == [True, False, False]


def test_many_texts_are_asked_for_in_batches(server: Server, upstream: UpstreamEmbedder) -> None:
    texts = ["x" * (1 + place % 7) for place in range(AT_ONCE + 5)]
    assert upstream.embed(texts).shape == (AT_ONCE + 5, 3)
    assert [len(request["input"]) for request in server.asked] == [AT_ONCE, 5]


def test_a_long_text_is_cut_and_an_empty_one_is_filled(server: Server, upstream: UpstreamEmbedder) -> None:
    upstream.embed(["x" * (LONGEST + 1), ""])
    assert [len(text) for text in server.asked[0]["input"]] == [LONGEST, 1]


def test_the_size_is_asked_for_where_nothing_was_embedded_yet(server: Server, upstream: UpstreamEmbedder) -> None:
    assert upstream.size == 3
    assert upstream.embed([]).shape == (0, 3)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda request: (401, {"error": "bad key"}), "401 .*bad key.* see its provider in the configuration"),
        (lambda request: (200, {"data": []}), r"something else than 1 vectors \(there are 0\)"),
        (lambda request: (200, {"data": [{"embedding": [0.0, 0.0]}]}), "one is no vector"),
        (lambda request: (200, {"data": [{"embedding": [float("nan")]}]}), "one is no vector"),
        (lambda request: (200, {"data": [{"embedding": "!"}]}), "something else than 1 vectors"),
        (lambda request: (200, ["what?"]), "an API like OpenAI's"),
    ],
)
def test_what_is_wrong_is_told(server: Server, upstream: UpstreamEmbedder, answer: Answer, why: str) -> None:
    server.answer = answer
    with pytest.raises(EmbeddingError, match=why):
        upstream.embed(["a"])


def test_another_size_than_before_is_another_model(server: Server, upstream: UpstreamEmbedder) -> None:
    upstream.embed(["a"])
    server.answer = lambda request: (200, {"data": [{"embedding": [1.0, 2.0]}]})
    with pytest.raises(EmbeddingError, match="vectors of 2 numbers, and of 3 before"):
        upstream.embed(["a"])


def test_a_server_that_is_not_there_is_an_error_of_ours() -> None:
    embedder = UpstreamEmbedder("openai", "small", "http://127.0.0.1:9/v1")
    with pytest.raises(EmbeddingError, match="small of openai cannot be asked for vectors now: ConnectError"):
        embedder.embed(["a"])
    embedder.close()
