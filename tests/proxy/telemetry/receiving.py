"""An OTLP/HTTP receiver for tests: it keeps what it is sent, and answers as told."""

import gzip
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span


class Reply(NamedTuple):
    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Post(NamedTuple):
    path: str
    headers: Mapping[str, str]
    request: ExportTraceServiceRequest


class Receiving:
    """`replies` are given first, one a post; afterwards everything is accepted. `posts` are those accepted."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.posts: list[Post] = []
        self.refused = 0
        self.connections = 0
        self.url = ""
        self._changed = threading.Condition()

    def answer(self, post: Post) -> Reply:
        with self._changed:
            reply = self.replies.pop(0) if self.replies else Reply()
            if reply.status == 200:
                self.posts.append(post)
            else:
                self.refused += 1
            self._changed.notify_all()
            return reply

    def wait_for_traces(self, number: int) -> None:
        """Until so many different traces have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.traces) >= number, timeout=30), f"only {self.traces} came"

    def wait_until_refused(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.refused, timeout=30)

    def wait_for_evaluations(self, number: int) -> list[Span]:
        """The evaluations, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.evaluations) >= number, timeout=30), self.evaluations
            return self.evaluations

    @property
    def resources(self) -> list[ResourceSpans]:
        return [of_resource for post in self.posts for of_resource in post.request.resource_spans]

    @property
    def spans(self) -> list[Span]:
        """All that arrived, in that order."""
        return [span for each in self.resources for of_scope in each.scope_spans for span in of_scope.spans]

    @property
    def evaluations(self) -> list[Span]:
        return [span for span in self.spans if span.name.startswith("evaluate ")]

    @property
    def traces(self) -> Counter[str]:
        """How often each trace arrived, by the name of its first span's trace id."""
        return Counter(
            trace
            for post in self.posts
            for of_resource in post.request.resource_spans
            for of_scope in of_resource.scope_spans
            for trace in {span.trace_id.hex() for span in of_scope.spans}
        )


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiving]:
    own = Receiving()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            own.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers["content-encoding"] == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = own.answer(Post(self.path, headers, ExportTraceServiceRequest.FromString(body)))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            if reply.headers.get("connection") == "close":
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    own.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield own
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
