"""A scripted answer as Anthropic's Messages API writes it: one message, or its sequence of named events."""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.upstream.answer import Answer, Cut, Step
from tests.support.upstream.asked import asked_of
from tests.support.upstream.failures import anthropic_error_body, error
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Broken, Choice, Raw, Spoken, ToolCall

_STOP_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}


def render(spoken: Spoken, request: Received) -> Answer:
    """The first choice alone: this API has no `n`."""
    asked = asked_of(request)
    choice = spoken.choices[0]
    input_tokens, output_tokens = spoken.tokens or (asked.words, spoken.deltas)
    head = {
        "id": f"msg_{request.number}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "stop_sequence": None,
        **spoken.extra,
    }
    if asked.streamed:
        steps = tuple(_events(head, choice, request.number, input_tokens, output_tokens))
        return Answer(headers=(("content-type", "text/event-stream; charset=utf-8"),), steps=steps, streamed=True)
    for part in choice.parts:
        if isinstance(part, Broken):
            return error(500, part.message)(request)
    body = {
        **head,
        "content": [
            *([{"type": "text", "text": choice.text}] if choice.words else []),
            *(
                _tool_use(call, request.number, place, json.loads(call.arguments))
                for place, call in enumerate(choice.calls)
            ),
        ],
        "stop_reason": _stop_reason(choice),
        "usage": {"input_tokens": input_tokens, "output_tokens": output_tokens},
    }
    return Answer(headers=(("content-type", "application/json"),), steps=tuple(_whole(body, choice)))


def _whole(body: dict[str, Any], choice: Choice) -> Iterator[Step]:
    written = json.dumps(body, ensure_ascii=False).encode()
    happenings = [part for part in choice.parts if not isinstance(part, str | Raw | Broken)]
    half = len(written) // 2 if any(isinstance(part, Cut) for part in happenings) else 0
    yield written[:half]
    yield from happenings
    yield written[half:]


def _events(head: dict[str, Any], choice: Choice, number: int, input_tokens: int, output_tokens: int) -> Iterator[Step]:
    opening: list[Step] = [
        _event(
            "message_start",
            message={
                **head,
                "content": [],
                "stop_reason": None,
                "usage": {"input_tokens": input_tokens, "output_tokens": 1},
            },
        )
    ]
    if choice.words:
        opening.append(_event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
    opening.append(_event("ping"))
    for part in choice.parts:
        if isinstance(part, str):
            yield from opening
            opening = []
            yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": part})
        elif isinstance(part, Raw):
            yield part.data
        elif isinstance(part, Broken):
            yield from opening
            yield _sse("error", anthropic_error_body(part.message, type="api_error"))
            return
        else:
            yield part
    yield from opening
    if choice.words:
        yield _event("content_block_stop", index=0)
    for place, call in enumerate(choice.calls):
        index = place + bool(choice.words)
        yield _event("content_block_start", index=index, content_block=_tool_use(call, number, place, {}))
        for piece in call.deltas:
            yield _event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
        yield _event("content_block_stop", index=index)
    yield _event(
        "message_delta",
        delta={"stop_reason": _stop_reason(choice), "stop_sequence": None},
        usage={"output_tokens": output_tokens},
    )
    yield _event("message_stop")


def _tool_use(call: ToolCall, number: int, place: int, arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id or f"toolu_{number}_{place}", "name": call.name, "input": arguments}


def _stop_reason(choice: Choice) -> str:
    return _STOP_REASONS.get(choice.ending, choice.ending)


def _event(name: str, **data: Any) -> bytes:
    return _sse(name, {"type": name, **data})


def _sse(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
