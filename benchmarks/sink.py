"""An OTLP/HTTP receiver that only counts: it keeps what it is sent and looks inside when someone asks.

`POST /NAME/v1/traces` takes protobuf or JSON, gzipped or not; `GET /NAME` says how many spans and traces came in.
"""

import argparse
import gzip
import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field

import uvloop
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.http1 import Connection, message, serve


@dataclass
class Received:
    """What one sender has exported."""

    spans: int = 0
    traces: set[str] = field(default_factory=set)
    unread: list[tuple[str, bytes]] = field(default_factory=list)

    def read(self) -> dict[str, int]:
        """Counts what came since the last time."""
        for content_type, body in self.unread:
            ids = _json_ids(body) if "json" in content_type else _protobuf_ids(body)
            self.spans += len(ids)
            self.traces.update(ids)
        self.unread.clear()
        return {"spans": self.spans, "traces": len(self.traces)}


def _json_ids(body: bytes) -> list[str]:
    return [
        span["traceId"].lower()
        for resource in json.loads(body).get("resourceSpans", ())
        for scope in resource.get("scopeSpans", ())
        for span in scope.get("spans", ())
    ]


def _protobuf_ids(body: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        span.trace_id.hex()
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


class Sink:
    """Takes exports under a name of the sender's choice."""

    def __init__(self) -> None:
        self.received: defaultdict[str, Received] = defaultdict(Received)

    def __call__(self, connection: Connection, method: bytes, target: bytes, body: bytes) -> None:
        name, _, path = target.decode().strip("/").partition("/")
        if method == b"GET":
            state = self.received[name].read()
            connection.write(message("200 OK", "application/json", json.dumps(state).encode()))
        elif path == "v1/traces":
            content_type = connection.headers.get(b"content-type", b"").decode()
            if connection.headers.get(b"content-encoding") == b"gzip":
                body = gzip.decompress(body)
            self.received[name].unread.append((content_type, body))
            connection.write(message("200 OK", content_type, b"{}" if "json" in content_type else b""))
        else:
            connection.write(message("404 Not Found", "text/plain", b""))


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="Count OTLP exports on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; the address is the first line printed")
    try:
        uvloop.run(serve(Sink(), lambda change: None, parser.parse_args().port))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
