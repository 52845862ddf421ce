"""What the load generator says and what it expects back: an agent's two-call turns, whole or streamed, in any API.

Every turn opens with a question nobody asked before, so that nothing along the way can be reused; the follow-up
carries the tool call the mock provider answered with, and the tool's result.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.apis import CHAT, Api
from benchmarks.apis.api import Document
from benchmarks.apis.said import LAST_WORDS, NUMBER, WORD

KEY = "sk-bench-opens-nothing-else"


@dataclass(frozen=True)
class Target:
    """Where a subject answers."""

    port: int
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Traffic:
    """An endless supply of requests of one kind, and the test their answers must pass."""

    target: Target
    requests: Iterator[bytes]
    wrong: Callable[[int, bytes], str | None]


def whole_calls(target: Target, start: int, model: str = "bench", api: Api = CHAT) -> Traffic:
    """Question, follow-up, question, …; `start` keeps the questions of several loads apart."""
    return Traffic(target, _numbered(target, api, model, api.asks, start), _wrong_whole)


def streams(target: Target, start: int, model: str = "bench", api: Api = CHAT) -> Traffic:
    """Questions answered by a stream of events; `model` sets the pace."""

    def wrong(status: int, body: bytes) -> str | None:
        return _wrong_stream(api, status, body)

    return Traffic(target, _numbered(target, api, model, [api.asks_streamed], start), wrong)


def _numbered(target: Target, api: Api, model: str, asks: Sequence[Document], start: int) -> Iterator[bytes]:
    """Each request in turn as a whole HTTP request, the order number counted up after the last."""
    bodies = [json.dumps({"model": model, **ask}).encode() for ask in asks]
    cut = [_request(target, api, body).split(NUMBER.encode()) for body in bodies]
    number = start
    while True:
        for before, after in cut:
            yield b"%b%08d%b" % (before, number, after)
        number += 1


def _request(target: Target, api: Api, body: bytes) -> bytes:
    head = [
        f"POST {api.path} HTTP/1.1",
        f"host: {target.host}:{target.port}",
        f"authorization: Bearer {KEY}",
        "content-type: application/json",
        "accept: application/json",
        "user-agent: bench",
        *(f"{name}: {value}" for name, value in api.headers.items()),
        f"content-length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _wrong_whole(status: int, body: bytes) -> str | None:
    if status != 200:
        return f"status {status}: {body[:300]!r}"
    return None if LAST_WORDS.encode() in body else f"the answer is cut or changed: {body[:300]!r}"


def _wrong_stream(api: Api, status: int, body: bytes) -> str | None:
    if status != 200:
        return f"status {status}: {body[:300]!r}"
    if (words := body.count(WORD.encode())) != api.words:
        return f"{words} words instead of {api.words}, ending in {body[-200:]!r}"
    last = body.rstrip(b"\n").rpartition(b"\n\n")[2]
    return None if last.startswith(api.last_event) else f"the stream ends in {last[-200:]!r}"
