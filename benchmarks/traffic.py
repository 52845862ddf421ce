"""What the load generator says and what it expects back: an agent's two-call turns, whole or streamed.

Every turn opens with a question nobody asked before, so that nothing along the way can be reused; the follow-up
carries the tool call the mock provider answered with, and the tool's result.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.upstream import LAST_WORDS, WORD, WORDS

KEY = "sk-bench-opens-nothing-else"
_NUMBER = "00000000"
_SYSTEM = (
    "You are the support agent of a small shop. Answer in two or three sentences, name the order you speak of, "
    "never promise a date that the carrier did not confirm, and ask before you cancel anything."
)
_QUESTION = f"Order {_NUMBER} should have been here last week. Where is it, and is there anything left for me to pay?"
_TOOL = {
    "type": "function",
    "function": {
        "name": "find_order",
        "description": "Looks an order up by its number.",
        "parameters": {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]},
    },
}
_CALL = {
    "id": "call_bench_0001",
    "type": "function",
    "function": {"name": "find_order", "arguments": '{"order":"A-10023"}'},
}
_RESULT = '{"order":"A-10023","status":"shipped","carrier":"post","left":"Monday","due":0}'


@dataclass(frozen=True)
class Target:
    """Where a subject answers."""

    port: int
    path: str = "/v1/chat/completions"
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Traffic:
    """An endless supply of requests of one kind, and the test their answers must pass."""

    target: Target
    requests: Iterator[bytes]
    wrong: Callable[[int, bytes], str | None]


def whole_calls(target: Target, start: int, model: str = "bench") -> Traffic:
    """Question, follow-up, question, …; `start` keeps the questions of several loads apart."""
    opening = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}]
    turn = [
        *opening,
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": _CALL["id"], "content": _RESULT},
    ]
    common = {"model": model, "tools": [_TOOL], "temperature": 0.2}
    shapes: list[dict[str, object]] = [{**common, "messages": opening}, {**common, "messages": turn}]
    return Traffic(target, _numbered(target, shapes, start), _wrong_whole)


def streams(target: Target, start: int, model: str = "bench") -> Traffic:
    """Questions answered by a stream of events; `model` sets the pace."""
    opening = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}]
    shape: dict[str, object] = {"model": model, "messages": opening, "stream": True, "temperature": 0.2}
    return Traffic(target, _numbered(target, [shape], start), _wrong_stream)


def _numbered(target: Target, shapes: list[dict[str, object]], start: int) -> Iterator[bytes]:
    """Each shape in turn as a whole HTTP request, the order number counted up after the last."""
    cut = [_request(target, json.dumps(shape).encode()).split(_NUMBER.encode()) for shape in shapes]
    number = start
    while True:
        for before, after in cut:
            yield b"%b%08d%b" % (before, number, after)
        number += 1


def _request(target: Target, body: bytes) -> bytes:
    head = [
        f"POST {target.path} HTTP/1.1",
        f"host: {target.host}:{target.port}",
        f"authorization: Bearer {KEY}",
        "content-type: application/json",
        "accept: application/json",
        "user-agent: bench",
        f"content-length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _wrong_whole(status: int, body: bytes) -> str | None:
    if status != 200:
        return f"status {status}: {body[:300]!r}"
    return None if LAST_WORDS.encode() in body else f"the answer is cut or changed: {body[:300]!r}"


def _wrong_stream(status: int, body: bytes) -> str | None:
    if status != 200:
        return f"status {status}: {body[:300]!r}"
    if (words := body.count(WORD.encode())) != WORDS:
        return f"{words} words instead of {WORDS}, ending in {body[-200:]!r}"
    return None if body.endswith(b"data: [DONE]\n\n") else f"no [DONE]: {body[-200:]!r}"
