"""Answers as an upstream that speaks the Messages API gives them, and read as its clients read them."""

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from proxy.wire.convert.pieces import Reason
from proxy.wire.messages.join import join_events
from tests.proxy.wire.answers import cut
from tests.proxy.wire.convert.random_answers import Answer, Called, Part, Said, Thought, Tokens


class _Block(msgspec.Struct):
    input: msgspec.Raw = msgspec.Raw()


class _Message(msgspec.Struct):
    content: list[_Block]


_INPUTS: Final = msgspec.json.Decoder(_Message)
"""Reads inputs as the text that they were written in."""
_REASONS: Final[dict[Reason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def whole(answer: Answer) -> bytes:
    # An input keeps the text it was written in, which is what another API's arguments are.
    blocks = [_written(part) for part in answer.parts]
    message = json.dumps({**_message(answer), **_ending(answer), "usage": _usage(answer.tokens)})
    return message.replace('"content": []', f'"content": [{",".join(blocks)}]').encode()


def stream(draw: st.DrawFn, answer: Answer) -> list[bytes]:
    begun = {
        **_message(answer),
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**_usage(answer.tokens), "output_tokens": 1},
    }
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, part in enumerate(answer.parts):
        events.append({"type": "content_block_start", "index": index, "content_block": _begun(part)})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in _deltas(draw, part)]
        events.append({"type": "content_block_stop", "index": index})
    usage = _usage(answer.tokens)
    if draw(st.booleans()):
        usage = {name: usage[name] for name in ("output_tokens", "output_tokens_details")}
    events += [{"type": "message_delta", "delta": _ending(answer), "usage": usage}, {"type": "message_stop"}]
    return [json.dumps(event).encode() for event in events]


def join(events: Sequence[bytes]) -> bytes:
    return join_events(events)


def read(body: bytes) -> Answer:
    document = json.loads(body)
    reason = {told: reason for reason, told in _REASONS.items()}[document["stop_reason"]]
    details = document.get("stop_details") or {}
    inputs = [bytes(block.input).decode() for block in _INPUTS.decode(body).content]
    parts = tuple(map(_part, document["content"], inputs))
    return Answer(parts, reason, details.get("explanation") or "", _tokens(document["usage"]), document["model"])


def _message(answer: Answer) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": answer.model, "content": []}


def _ending(answer: Answer) -> dict[str, Any]:
    details = {"type": "refusal", "category": None, "explanation": answer.refusal} if answer.refusal else None
    return {"stop_reason": _REASONS[answer.reason], "stop_sequence": None, "stop_details": details}


def _begun(part: Part) -> dict[str, Any]:
    match part:
        case Said():
            return {"type": "text", "text": ""}
        case Thought():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case Called(id, name):
            return {"type": "tool_use", "id": id, "name": name, "input": {}}


def _deltas(draw: st.DrawFn, part: Part) -> list[dict[str, Any]]:
    match part:
        case Said(text):
            return [{"type": "text_delta", "text": piece} for piece in cut(draw, text)]
        case Thought(text, seal):
            told = [{"type": "thinking_delta", "thinking": piece} for piece in cut(draw, text)]
            return [*told, {"type": "signature_delta", "signature": seal}]
        case Called(arguments="{}"):
            return [{"type": "input_json_delta", "partial_json": ""}]
        case Called(arguments=arguments):
            return [{"type": "input_json_delta", "partial_json": piece} for piece in cut(draw, arguments)]


def _written(part: Part) -> str:
    match part:
        case Said(text):
            return json.dumps({"type": "text", "text": text})
        case Thought(text, seal):
            return json.dumps({"type": "thinking", "thinking": text, "signature": seal})
        case Called(arguments=arguments):
            return json.dumps(_begun(part)).replace('"input": {}', f'"input": {arguments}')


def _part(block: dict[str, Any], input: str) -> Part:
    match block["type"]:
        case "text":
            return Said(block["text"])
        case "thinking":
            return Thought(block["thinking"], block["signature"])
        case "redacted_thinking":
            return Thought("", block["data"])
        case "tool_use":
            return Called(block["id"], block["name"], input)
    raise AssertionError(block)


def _usage(tokens: Tokens | None) -> dict[str, Any]:
    tokens = tokens or Tokens(0, 0)
    return {
        "input_tokens": tokens.input - tokens.cached - tokens.written,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation_input_tokens": tokens.written,
        "output_tokens": tokens.output,
        "output_tokens_details": {"thinking_tokens": tokens.reasoning},
    }


def _tokens(usage: dict[str, Any]) -> Tokens:
    read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    total = usage["input_tokens"] + read + written
    return Tokens(total, usage["output_tokens"], read, written, usage["output_tokens_details"]["thinking_tokens"])
