"""A mock provider, fast enough not to matter: OpenAI-style chat completions from bytes prepared at start.

python -m benchmarks.upstream --port 8089

A whole answer is 1.18 KB; a stream is 103 events (role, 100 words, finish, `[DONE]`), 104 where the client asked for
usage. A question is answered by a call of its tool when it offers one, and the tool's result by text, so that a
question and its follow-up are one turn of an agent. The model's name says how fast it is: `paced-10ms` leaves 10 ms
between events, `slow-500ms` waits before the answer, any other name answers at once. `GET /state` counts calls and
connections.
"""

import argparse
import asyncio
import json
import re
import sys

import msgspec
import uvloop

from benchmarks.http1 import Connection, chunk, message, serve

WORD = "burnish"
WORDS = 100
LAST_WORDS = "so nothing else is due."
ANSWER_BYTES = 1180
EVENTS = WORDS + 3

_HEADER = {"id": "chatcmpl-bench-0001", "created": 1_790_000_000, "model": "bench-1"}
_USAGE = {"prompt_tokens": 182, "completion_tokens": 203, "total_tokens": 385}
_CALL = {
    "id": "call_bench_0001",
    "type": "function",
    "function": {"name": "find_order", "arguments": '{"order":"A-10023"}'},
}
_PACE = re.compile(r"(paced|slow)-(\d+)ms")


class StreamOptions(msgspec.Struct):
    """What the client wants to see in its stream."""

    include_usage: bool = False


class ChatCall(msgspec.Struct):
    """The part of a chat request that changes the answer."""

    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None


def _whole(reply: dict[str, object], finish: str, filler: str) -> bytes:
    """A completion of exactly ANSWER_BYTES, its content padded with words of an answer."""

    def encoded(content: str) -> bytes:
        choice = {"index": 0, "message": {**reply, "content": content}, "logprobs": None, "finish_reason": finish}
        body = {**_HEADER, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
        return json.dumps(body, separators=(",", ":")).encode()

    room = ANSWER_BYTES - len(encoded(LAST_WORDS))
    return encoded((filler * (room // len(filler) + 1))[:room] + LAST_WORDS)


def _event(choices: list[dict[str, object]], **extra: object) -> bytes:
    body = {**_HEADER, "object": "chat.completion.chunk", "choices": choices, **extra}
    return chunk(b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n")


def _delta(delta: dict[str, str], finish: str | None = None) -> list[dict[str, object]]:
    return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]


def _stream(usage: bool) -> list[bytes]:
    """The events of one stream, each an HTTP chunk of its own."""
    words = [_event(_delta({"content": f" {WORD}"}))] * WORDS
    tail = [_event([], usage=_USAGE)] if usage else []
    first = _event(_delta({"role": "assistant", "content": ""}))
    return [first, *words, _event(_delta({}, "stop")), *tail, chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"]


class Upstream:
    """Answers chat calls; counts them and the connections they came on."""

    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

    def __init__(self) -> None:
        self.calls = 0
        self.connections = 0
        self.decode = msgspec.json.Decoder(ChatCall).decode
        filler = "The order left the warehouse on Monday and the carrier has it; "
        text = _whole({"role": "assistant"}, "stop", filler)
        tool = _whole({"role": "assistant", "tool_calls": [_CALL]}, "tool_calls", filler)
        self.text = message("200 OK", "application/json", text)
        self.tool = message("200 OK", "application/json", tool)
        self.streams = {usage: _stream(usage) for usage in (False, True)}
        self.bursts = {usage: self.head + b"".join(events) for usage, events in self.streams.items()}
        models = {"object": "list", "data": [{"id": "bench", "object": "model", "created": 0, "owned_by": "bench"}]}
        self.models = message("200 OK", "application/json", json.dumps(models).encode())

    def watch(self, change: int) -> None:
        """Keeps count of the open connections."""
        self.connections += change

    def __call__(self, connection: Connection, method: bytes, target: bytes, body: bytes) -> None:
        if method == b"POST" and target.endswith(b"/chat/completions"):
            self.calls += 1
            try:
                self.answer(connection, self.decode(body), body)
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

    def answer(self, connection: Connection, call: ChatCall, body: bytes) -> None:
        """Writes the prepared answer, at the pace that the model's name asks for."""
        pace = _PACE.fullmatch(call.model)
        delay = int(pace[2]) / 1000 if pace else 0.0
        if call.stream:
            usage = call.stream_options is not None and call.stream_options.include_usage
            if delay:
                connection.write(self.head)
                _play(connection, self.streams[usage], delay)
            else:
                connection.write(self.bursts[usage])
            return
        asked = b'"tools"' in body and b'"tool_call_id"' not in body
        answer = self.tool if asked else self.text
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
