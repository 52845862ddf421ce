"""A scripted answer as Anthropic's Messages API writes it: one message, or its sequence of named events."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.support.upstream.answer import Answer, Cut, Step
from tests.support.upstream.asked import Asked, asked_of
from tests.support.upstream.failures import anthropic_error_body, error
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Broken, Choice, Cost, Raw, Spoken, ToolCall

_STOP_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}


def render(spoken: Spoken, request: Received) -> Answer:
    """The first choice alone: this API has no `n`."""
    writing = _Writing(spoken, request.number, asked_of(request))
    if writing.asked.streamed:
        headers = (("content-type", "text/event-stream; charset=utf-8"),)
        return Answer(headers=headers, steps=tuple(writing.events()), streamed=True)
    for part in writing.choice.parts:
        if isinstance(part, Broken):
            return error(500, part.message)(request)
    return Answer(headers=(("content-type", "application/json"),), steps=tuple(writing.document()))


class _Writing:
    """One answer being written down."""

    def __init__(self, spoken: Spoken, number: int, asked: Asked) -> None:
        self.spoken = spoken
        self.choice: Choice = spoken.choices[0]
        self.number = number
        self.asked = asked
        self.cost = spoken.cost or Cost(asked.words, spoken.deltas)
        thinking = asked.document.get("thinking") or {"type": "disabled"}
        self.thinks = thinking["type"] != "disabled"
        self.stop_reason = _STOP_REASONS.get(self.choice.ending, self.choice.ending)

    def document(self) -> Iterator[Step]:
        calls = [
            {**self.tool_use(place, call), "input": json.loads(call.arguments)}
            for place, call in enumerate(self.choice.calls)
        ]
        text = [{"type": "text", "text": self.choice.text, "citations": None}] if self.choice.words else []
        thinking = [{"type": "thinking", "thinking": self.thought, "signature": "c2ln"}] if self.thinks else []
        body = self.message([*thinking, *text, *calls], self.stop_reason, self.cost.completion)
        written = json.dumps(body, ensure_ascii=False).encode()
        happenings = [part for part in self.choice.parts if not isinstance(part, str | Raw | Broken)]
        half = len(written) // 2 if any(isinstance(part, Cut) for part in happenings) else 0
        yield written[:half]
        yield from happenings
        yield written[half:]

    def events(self) -> Iterator[Step]:
        blocks = count()
        opening = [_event("message_start", message=self.message([], None, 1)), _event("ping")]
        if self.thinks:
            opening += self.thinking_events(next(blocks))
        index = next(blocks) if self.choice.words else -1
        if self.choice.words:
            block = {"type": "text", "text": "", "citations": None}
            opening.append(_event("content_block_start", index=index, content_block=block))
        for part in self.choice.parts:
            if isinstance(part, str):
                yield from opening
                opening = []
                yield _event("content_block_delta", index=index, delta={"type": "text_delta", "text": part})
            elif isinstance(part, Raw):
                yield part.data
            elif isinstance(part, Broken):
                yield from opening
                yield _sse("error", anthropic_error_body(part.message, type="api_error"))
                return
            else:
                yield part
        yield from opening
        if self.choice.words:
            yield _event("content_block_stop", index=index)
        for place, call in enumerate(self.choice.calls):
            index = next(blocks)
            yield _event("content_block_start", index=index, content_block=self.tool_use(place, call))
            for piece in call.deltas:
                delta = {"type": "input_json_delta", "partial_json": piece}
                yield _event("content_block_delta", index=index, delta=delta)
            yield _event("content_block_stop", index=index)
        stop = {"stop_reason": self.stop_reason, "stop_sequence": None}
        yield _event("message_delta", delta=stop, usage={"output_tokens": self.cost.completion})
        yield _event("message_stop")

    @property
    def thought(self) -> str:
        return f"The question has {len(self.asked.question.split())} words."

    def thinking_events(self, index: int) -> Iterator[bytes]:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        yield _event("content_block_start", index=index, content_block=block)
        for delta in (
            {"type": "thinking_delta", "thinking": self.thought},
            {"type": "signature_delta", "signature": "c2ln"},
        ):
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)

    def message(self, content: list[dict[str, Any]], stop_reason: str | None, output_tokens: int) -> dict[str, Any]:
        return {
            "id": f"msg_{self.number}",
            "type": "message",
            "role": "assistant",
            "model": self.asked.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "stop_details": None,
            "container": None,
            "usage": {
                "input_tokens": self.cost.prompt - self.cost.cached - self.cost.written,
                "output_tokens": output_tokens,
                "cache_creation": None,
                "cache_creation_input_tokens": self.cost.written,
                "cache_read_input_tokens": self.cost.cached,
                "inference_geo": None,
                "output_tokens_details": None,
                "server_tool_use": None,
                "service_tier": "standard",
            },
            **self.spoken.extra,
        }

    def tool_use(self, place: int, call: ToolCall) -> dict[str, Any]:
        """The block a call begins with in a stream: its input is empty and follows in deltas."""
        identity = call.id or f"toolu_{self.number}_{place}"
        return {"type": "tool_use", "id": identity, "name": call.name, "input": {}, "caller": {"type": "direct"}}


def _event(name: str, **data: Any) -> bytes:
    return _sse(name, {"type": name, **data})


def _sse(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
