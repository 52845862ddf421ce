"""Answers as an upstream that speaks chat completions gives them, and read as its clients read them."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from proxy.wire.chat.join import join_chunks
from tests.proxy.wire.answers import cut
from tests.proxy.wire.convert.random_answers import (
    Answer,
    Called,
    Part,
    Said,
    Thought,
    Tokens,
    side_by_side,
    told_by_all,
)


def whole(answer: Answer) -> bytes:
    answer = told_by_all(answer, "chat")
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": answer.refusal or None}
    for part in answer.parts:
        match part:
            case Said(text):
                message["content"] = text
            case Thought(text):
                message["reasoning_content"] = text
            case Called():
                message.setdefault("tool_calls", []).append(_call(part))
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.reason}
    return _dumps({**_head("chat.completion", answer), "choices": [choice], "usage": _usage(answer.tokens)})


def stream(draw: st.DrawFn, answer: Answer) -> list[bytes]:
    answer = told_by_all(answer, "chat")
    tracks = [[{"refusal": piece} for piece in cut(draw, answer.refusal)]]
    index = 0
    for part in answer.parts:
        match part:
            case Said(text):
                tracks.append([{"content": piece} for piece in cut(draw, text)])
            case Thought(text):
                name = draw(st.sampled_from(["reasoning_content", "reasoning"]))
                tracks.append([{name: piece} for piece in cut(draw, text)])
            case Called():
                tracks.append(_call_deltas(draw, part, index))
                index += 1
    deltas = [{"role": "assistant", "content": ""}, *side_by_side(draw, tracks)]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": answer.reason})
    head = _head("chat.completion.chunk", answer)
    usage = {**head, "choices": [], "usage": _usage(answer.tokens)}
    return [*(_dumps({**head, "choices": [choice]}) for choice in choices), _dumps(usage)]


def join(events: Sequence[bytes]) -> bytes:
    return join_chunks(events)


def read(body: bytes) -> Answer:
    document = json.loads(body)
    (choice,) = document["choices"]
    message = choice["message"]
    parts: list[Part] = [
        *[Thought(text) for text in [message.get("reasoning_content")] if text],
        *[Said(text) for text in [message["content"]] if text],
        *[
            Called(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in message.get("tool_calls") or ()
        ],
    ]
    reason = choice["finish_reason"]
    return Answer(tuple(parts), reason, message.get("refusal") or "", _tokens(document.get("usage")), document["model"])


def _head(kind: str, answer: Answer) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": answer.model}


def _call(call: Called) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_deltas(draw: st.DrawFn, call: Called, index: int) -> list[dict[str, Any]]:
    begun = {"index": index, **_call(Called(call.id, call.name, ""))}
    pieces = [{"index": index, "function": {"arguments": piece}} for piece in cut(draw, call.arguments)]
    return [{"tool_calls": [each]} for each in (begun, *pieces)]


def _usage(tokens: Tokens | None) -> dict[str, Any] | None:
    if tokens is None:
        return None
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": tokens.written},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def _tokens(usage: dict[str, Any] | None) -> Tokens | None:
    if usage is None:
        return None
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    read, wrote = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    return Tokens(
        usage["prompt_tokens"],
        usage["completion_tokens"],
        read["cached_tokens"],
        read["cache_write_tokens"],
        wrote["reasoning_tokens"],
    )


def _dumps(document: Any) -> bytes:
    return json.dumps(document).encode()
