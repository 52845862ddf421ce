"""A scripted answer as OpenAI's chat completions API writes it: one document, or a stream of chunks."""

import json
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Any

from tests.support.upstream.answer import Answer, Cut, Step
from tests.support.upstream.asked import Asked, asked_of
from tests.support.upstream.failures import error, error_body
from tests.support.upstream.logprobs import logprobs_of
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Broken, Choice, Cost, Part, Raw, Spoken, ToolCall

CREATED = 1_760_000_000
DONE = b"data: [DONE]\n\n"


def render(spoken: Spoken, request: Received) -> Answer:
    asked = asked_of(request)
    choices = tuple(spoken.choices[i % len(spoken.choices)] for i in range(asked.document.get("n") or 1))
    writing = _Writing(spoken, choices, request.number, asked)
    if asked.streamed:
        headers = (("content-type", "text/event-stream; charset=utf-8"),)
        return Answer(headers=headers, steps=tuple(writing.events()), streamed=True)
    for choice in choices:
        if (broken := choice.trouble) is not None:
            return error(500, broken.message, type=broken.type, code=broken.code)(request)
    return Answer(headers=(("content-type", "application/json"),), steps=tuple(writing.document()))


class _Writing:
    """One answer being written down."""

    def __init__(self, spoken: Spoken, choices: tuple[Choice, ...], number: int, asked: Asked) -> None:
        self.spoken = spoken
        self.choices = choices
        self.number = number
        self.asked = asked
        self.tells_usage = bool((asked.document.get("stream_options") or {}).get("include_usage"))
        self.opened: set[int] = set()

    def document(self) -> Iterator[Step]:
        choices = [
            {
                "index": index,
                "message": self.message(index, choice),
                "logprobs": self.logprobs(choice.words),
                "finish_reason": choice.ending,
            }
            for index, choice in enumerate(self.choices)
        ]
        document = {**self.head("chat.completion"), "choices": choices, "usage": self.usage(), **self.spoken.extra}
        body = json.dumps(document, ensure_ascii=False).encode()
        happenings = [happening for choice in self.choices for happening in choice.happenings]
        if any(isinstance(part, Cut) for part in happenings):
            yield body[: len(body) // 2]
            yield from happenings
            yield body[len(body) // 2 :]
        else:
            yield from happenings
            yield body

    def events(self) -> Iterator[Step]:
        tracks = [self.track(index, choice) for index, choice in enumerate(self.choices)]
        for step in chain.from_iterable(zip_longest(*tracks)):
            if isinstance(step, Broken):
                body = error_body(step.message, type=step.type, code=step.code)
                yield f"data: {json.dumps(body)}\n\n".encode()
                return
            if step is not None:
                yield step
        if self.tells_usage:
            yield _event({**self.head("chat.completion.chunk"), "choices": [], "usage": self.usage()})
        yield DONE

    def track(self, index: int, choice: Choice) -> Iterator[Step | Broken]:
        """The events of one choice, in order; what comes before its first delta comes before its role, too."""
        for part in choice.parts:
            if isinstance(part, str):
                yield from self.opening(index)
                yield self.chunk(index, {"content": part}, logprobs=self.logprobs((part,)))
            else:
                yield _step(part)
        yield from self.opening(index)
        for word in choice.refusal:
            yield self.chunk(index, {"refusal": word})
        if annotations := _annotations(choice):
            yield self.chunk(index, {"annotations": annotations})
        calls = [list(self.call_deltas(index, place, call)) for place, call in enumerate(choice.calls)]
        for delta in chain.from_iterable(zip_longest(*calls)):
            if delta is not None:
                yield self.chunk(index, {"tool_calls": [delta]})
        yield self.chunk(index, {}, finish_reason=choice.ending)

    def opening(self, index: int) -> Iterator[bytes]:
        if index not in self.opened:
            self.opened.add(index)
            text = {} if self.choices[index].calls and not self.choices[index].words else {"content": ""}
            yield self.chunk(index, {"role": "assistant", **(text or {"content": None}), "refusal": None})
            for word in _thoughts(self.choices[index]):
                yield self.chunk(index, {"reasoning_content": word})

    def call_deltas(self, index: int, place: int, call: ToolCall) -> Iterator[dict[str, Any]]:
        kind, field = ("custom", "input") if call.custom else ("function", "arguments")
        identity = {"index": place, "id": self.call_id(index, place, call), "type": kind}
        yield {**identity, kind: {"name": call.name, field: ""}}
        for piece in call.deltas:
            yield {"index": place, kind: {field: piece}}

    def chunk(
        self,
        index: int,
        delta: dict[str, Any],
        *,
        logprobs: dict[str, Any] | None = None,
        finish_reason: str | None = None,
    ) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        usage = {"usage": None} if self.tells_usage else {}
        return _event({**self.head("chat.completion.chunk"), "choices": [choice], **usage, **self.spoken.extra})

    def head(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.number}", "object": kind, "created": CREATED, "model": self.asked.model}

    def message(self, index: int, choice: Choice) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": choice.text if choice.words else None,
            "refusal": "".join(choice.refusal) or None,
            "annotations": _annotations(choice),
        }
        if thoughts := _thoughts(choice):
            message["reasoning_content"] = "".join(thoughts)
        if choice.calls:
            message["tool_calls"] = [
                {"id": self.call_id(index, place, call), **_called(call)} for place, call in enumerate(choice.calls)
            ]
        return message

    def call_id(self, index: int, place: int, call: ToolCall) -> str:
        return call.id or f"call_{self.number}_{index}_{place}"

    def usage(self) -> dict[str, Any]:
        reasons = bool(self.asked.document.get("reasoning_effort"))
        thoughts = sum(len(_thoughts(choice)) for choice in self.choices)
        reasoning = thoughts or (self.asked.words if reasons else 0)
        cost = self.spoken.cost or Cost(self.asked.words, self.spoken.deltas + thoughts, reasoning=reasoning)
        return {
            "prompt_tokens": cost.prompt,
            "completion_tokens": cost.completion,
            "total_tokens": cost.prompt + cost.completion,
            "prompt_tokens_details": {"cached_tokens": cost.cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": cost.reasoning,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def logprobs(self, words: tuple[str, ...]) -> dict[str, Any] | None:
        if not self.asked.document.get("logprobs"):
            return None
        alternatives = bool(self.asked.document.get("top_logprobs"))
        return {"content": logprobs_of(words, alternatives=alternatives), "refusal": None}


def _thoughts(choice: Choice) -> tuple[str, ...]:
    """As most open models' servers tell them; what is sealed stays unsaid."""
    return tuple(word for thought in choice.thoughts if thought.shown != "sealed" for word in thought.words)


def _annotations(choice: Choice) -> list[dict[str, Any]]:
    span = {"start_index": 0, "end_index": len(choice.text)}
    return [
        {"type": "url_citation", "url_citation": {**span, "title": citation.title, "url": citation.url}}
        for citation in choice.citations
        if citation.url is not None
    ]


def _called(call: ToolCall) -> dict[str, Any]:
    if call.custom:
        return {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    return {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _step(part: Part) -> Step | Broken:
    if isinstance(part, Raw):
        return part.data
    if isinstance(part, str):
        return part.encode()
    return part


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()
