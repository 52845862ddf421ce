"""Streamed replies for the tests of guardrails: chunks as a provider sends them, and what became of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from middleware.guardrails.findings import Findings
from middleware.guardrails.plan import Watch
from middleware.guardrails.streaming import Guarding
from middleware.messages import Chunk
from policies.guardrails.guard import Guard
from policies.guardrails.rule import OUTPUT, Action, Rule
from proxy.wire.chat import ChatChunk

REFUSAL = "I cannot say that."


def rule(pattern: str, **fields: Any) -> Rule:
    return Rule(**{"id": "test", "reason": "it is a test", "patterns": (pattern,), "replacement": "***", **fields})


def watching(*rules: Rule, action: Action = "rewrite") -> Watch:
    return Watch([Guard(each, action, "enforce", OUTPUT) for each in rules])


def delta(said: Mapping[str, Any], finish_reason: str | None = None, *, choice: int = 0, **fields: Any) -> ChatChunk:
    choices = [{"index": choice, "delta": said, "finish_reason": finish_reason, **fields}]
    return ChatChunk(msgspec.json.encode({"id": "c", "object": "chat.completion.chunk", "choices": choices}))


def pieces(*texts: str, choice: int = 0) -> list[Chunk]:
    """A whole stream that says these texts one after another."""
    return [
        delta({"role": "assistant", "content": ""}, choice=choice),
        *(delta({"content": text}, choice=choice) for text in texts),
        delta({}, "stop", choice=choice),
    ]


def calling(*arguments: str) -> list[Chunk]:
    """A stream that asks for a tool, its arguments in these fragments."""
    begun = {"index": 0, "id": "call-1", "type": "function", "function": {"name": "save", "arguments": ""}}
    return [
        delta({"role": "assistant", "content": None, "tool_calls": [begun]}),
        *(delta({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}) for text in arguments),
        delta({}, "tool_calls"),
    ]


class Guarded:
    """What a client gets of `chunks`, chunk by chunk, with how much waited after each."""

    def __init__(self, chunks: Sequence[Chunk], watch: Watch) -> None:
        self.findings = Findings(b"secret", clock=lambda: 0)
        self.guarding = Guarding(watch, self.findings, REFUSAL)
        self.came = list(chunks)
        self.read = 0
        self.most_held = 0

    async def all(self) -> list[ChatChunk]:
        return [chunk async for chunk in self.guarding(self.source()) if isinstance(chunk, ChatChunk)]

    async def source(self) -> AsyncIterator[Chunk]:
        for chunk in self.came:
            self.most_held = max(self.most_held, self.guarding.held)
            self.read += 1
            yield chunk
        self.most_held = max(self.most_held, self.guarding.held)
