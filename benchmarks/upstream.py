"""A mock provider, fast enough not to matter: every API from bytes prepared at start.

python -m benchmarks.upstream --port 8089

A question is answered by a call of its tool when it offers one, and the tool's result by text, so that a question and
its follow-up are one turn of an agent. The model's name says how fast it is: `paced-10ms` leaves 10 ms between events,
`slow-500ms` waits before the answer, any other name answers at once. `GET /state` counts calls and connections.
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Sequence

import msgspec
import uvloop

from benchmarks.apis import APIS, Api
from benchmarks.http1 import Connection, chunk, message, serve

_PACE = re.compile(r"(paced|slow)-(\d+)ms")


class StreamOptions(msgspec.Struct):
    """What the client wants to see in its stream."""

    include_usage: bool = False


class ModelCall(msgspec.Struct):
    """The part of a request that changes the answer, in any API."""

    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None


class Upstream:
    """Answers model calls; counts them and the connections they came on."""

    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

    def __init__(self) -> None:
        self.calls = 0
        self.connections = 0
        self.decode = msgspec.json.Decoder(ModelCall).decode
        self.prepared = {api.path.encode(): _Prepared(api) for api in APIS.values()}
        models = {"object": "list", "data": [{"id": "bench", "object": "model", "created": 0, "owned_by": "bench"}]}
        self.models = message("200 OK", "application/json", json.dumps(models).encode())

    def watch(self, change: int) -> None:
        """Keeps count of the open connections."""
        self.connections += change

    def __call__(self, connection: Connection, method: bytes, target: bytes, body: bytes) -> None:
        prepared = self.prepared.get(target)
        if method == b"POST" and prepared is not None:
            self.calls += 1
            try:
                _answer(connection, prepared, self.decode(body), body)
            except msgspec.DecodeError as error:
                problem = {"message": str(error), "type": "invalid_request_error", "param": None, "code": None}
                body = json.dumps({"error": problem}).encode()
                connection.write(message("400 Bad Request", "application/json", body))
        elif target.endswith(b"/models"):
            connection.write(self.models)
        elif target == b"/state":
            state = {"calls": self.calls, "connections": self.connections}
            connection.write(message("200 OK", "application/json", json.dumps(state).encode()))
        else:
            connection.write(message("404 Not Found", "application/json", b'{"error":{"message":"no such route"}}'))


class _Prepared:
    """The answers of one API, ready to write: an event of a stream is an HTTP chunk of its own."""

    def __init__(self, api: Api) -> None:
        self.brings_result = api.brings_result
        self.text = message("200 OK", "application/json", api.says)
        self.tool = message("200 OK", "application/json", api.calls_tool)
        self.streams = {False: _chunks(api.events), True: _chunks(api.events_with_usage)}
        self.bursts = {usage: Upstream.head + b"".join(chunks) for usage, chunks in self.streams.items()}


def _chunks(events: Sequence[bytes]) -> list[bytes]:
    """The end of the body comes with the last event."""
    *others, last = map(chunk, events)
    return [*others, last + b"0\r\n\r\n"]


def _answer(connection: Connection, prepared: "_Prepared", call: ModelCall, body: bytes) -> None:
    """Writes the prepared answer, at the pace that the model's name asks for."""
    pace = _PACE.fullmatch(call.model)
    delay = int(pace[2]) / 1000 if pace else 0.0
    if call.stream:
        usage = call.stream_options is not None and call.stream_options.include_usage
        if delay:
            connection.write(Upstream.head)
            _play(connection, prepared.streams[usage], delay)
        else:
            connection.write(prepared.bursts[usage])
        return
    asked = b'"tools"' in body and prepared.brings_result not in body
    answer = prepared.tool if asked else prepared.text
    if delay:
        asyncio.get_running_loop().call_later(delay, connection.write, answer)
    else:
        connection.write(answer)


def _play(connection: Connection, events: list[bytes], interval: float) -> None:
    """Writes one event each interval, by the clock and not by the last event, so that delays do not add up."""
    loop = asyncio.get_running_loop()
    start = loop.time()

    def step(index: int) -> None:
        connection.write(events[index])
        if index + 1 < len(events) and connection.open:
            loop.call_at(start + (index + 1) * interval, step, index + 1)

    step(0)


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="Serve a mock OpenAI-style provider on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; the address is the first line printed")
    upstream = Upstream()
    try:
        uvloop.run(serve(upstream, upstream.watch, parser.parse_args().port))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
