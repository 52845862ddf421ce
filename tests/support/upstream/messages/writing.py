"""One message being written down, whole or as its events: blocks that open, grow by deltas, and close."""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from tests.support.upstream.answer import Step
from tests.support.upstream.asked import Asked
from tests.support.upstream.failures import anthropic_error_body
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Broken, Choice, Citation, Cost, Raw, Spoken, Thought, ToolCall

Block: TypeAlias = dict[str, Any]

_STOP_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}


class Writing:
    """The first choice alone: this API has no `n`."""

    def __init__(self, spoken: Spoken, request: Received, asked: Asked) -> None:
        self.request = request
        self.asked = asked
        self.choice: Choice = spoken.choices[0]
        self.extra = spoken.extra
        thinking = asked.document.get("thinking") or {"type": "disabled"}
        self.thinks = thinking.get("type") != "disabled"
        self.omits_thoughts = thinking.get("display") == "omitted"
        self.thoughts = tuple(self._thoughts())
        self.cost = spoken.cost or self._cost(spoken)
        ending = "refusal" if self.choice.refusal else self.choice.ending
        self.stop_reason = _STOP_REASONS.get(ending, ending)

    def document(self) -> dict[str, Any]:
        before = [*map(self._thought, range(len(self.thoughts)), self.thoughts), *self._items()]
        text: list[Block] = []
        if self.choice.words:
            citations = list(map(_citation, self.choice.citations)) or None
            text = [{"type": "text", "text": self.choice.text, "citations": citations}]
        calls = [
            {**self._tool_use(place, call), "input": json.loads(call.arguments)}
            for place, call in enumerate(self.choice.calls)
        ]
        message = self._message([*before, *text, *calls], self.cost.completion)
        return {**message, **self._stop(), **self.extra}

    def events(self) -> Iterator[Step]:
        """What stands before the first word happens before anything is written."""
        parts = list(self.choice.parts)
        while parts and not isinstance(parts[0], str | Broken):
            yield _step(parts.pop(0))
        yield _event("message_start", message={**self._message([], 1), **self.extra})
        yield _event("ping")
        index = 0
        for place, thought in enumerate(self.thoughts):
            yield from self._thinking(index, thought, self._thought(place, thought))
            index += 1
        for item in self._items():
            yield from _grown(index, item, ())
            index += 1
        if self.choice.words:
            yield _event(
                "content_block_start", index=index, content_block={"type": "text", "text": "", "citations": None}
            )
            for part in parts:
                if isinstance(part, Broken):
                    break
                if isinstance(part, str):
                    yield _event("content_block_delta", index=index, delta={"type": "text_delta", "text": part})
                else:
                    yield _step(part)
        if (broken := self.choice.trouble) is not None:
            body = anthropic_error_body(broken.message, type="api_error", request=self.request)
            yield _sse("error", body)
            return
        if self.choice.words:
            for citation in self.choice.citations:
                delta = {"type": "citations_delta", "citation": _citation(citation)}
                yield _event("content_block_delta", index=index, delta=delta)
            yield _event("content_block_stop", index=index)
            index += 1
        for place, call in enumerate(self.choice.calls):
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in call.deltas]
            yield from _grown(index, self._tool_use(place, call), deltas)
            index += 1
        usage = {name: count for name, count in self._usage(self.cost.completion).items() if name in _IN_THE_END}
        yield _event("message_delta", delta=self._stop(), usage=usage)
        yield _event("message_stop")

    def _thinking(self, index: int, thought: Thought, block: Block) -> Iterator[bytes]:
        if thought.shown == "sealed":
            return _grown(index, block, ())
        words = () if self.omits_thoughts else thought.words
        deltas = [{"type": "thinking_delta", "thinking": word} for word in words]
        signature = {"type": "signature_delta", "signature": block["signature"]}
        return _grown(index, {**block, "thinking": "", "signature": ""}, [*deltas, signature])

    def _thoughts(self) -> Iterator[Thought]:
        """The scripted ones, else one of its own; none unless the request turns thinking on."""
        if self.thinks:
            yield from self.choice.thoughts
            if not self.choice.thoughts:
                yield Thought((f"The question has {len(self.asked.question.split())} ", "words."))

    def _thought(self, place: int, thought: Thought) -> Block:
        sealed = self.request.memory.seal(f"thought-{self.request.number}-{place}")
        if thought.shown == "sealed":
            return {"type": "redacted_thinking", "data": sealed}
        return {"type": "thinking", "thinking": "" if self.omits_thoughts else thought.text, "signature": sealed}

    def _items(self) -> Iterator[Block]:
        for place, item in enumerate(self.choice.items):
            named = item["type"] == "server_tool_use"
            yield {"id": f"srvtoolu_{self.request.number}_{place}", **item} if named else item

    def _tool_use(self, place: int, call: ToolCall) -> Block:
        """The block a call begins with in a stream: its input is empty and follows in deltas."""
        if call.custom:
            raise ValueError(f"tool {call.name!r} takes free text, which Messages has no call for: script a `tool`")
        name = call.id or f"toolu_{self.request.number}_{place}"
        return {"type": "tool_use", "id": name, "name": call.name, "input": {}, "caller": {"type": "direct"}}

    def _message(self, content: list[Block], output_tokens: int) -> dict[str, Any]:
        return {
            "id": f"msg_{self.request.number}",
            "type": "message",
            "role": "assistant",
            "model": self.asked.model,
            "content": content,
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "container": None,
            "usage": self._usage(output_tokens),
        }

    def _stop(self) -> dict[str, Any]:
        explanation = "".join(self.choice.refusal) or None
        details = {"type": "refusal", "category": None, "explanation": explanation}
        return {
            "stop_reason": self.stop_reason,
            "stop_sequence": None,
            "stop_details": details if self.stop_reason == "refusal" else None,
        }

    def _usage(self, output_tokens: int) -> dict[str, Any]:
        """Anthropic counts what a cache was read from or written to beside the input."""
        cost = self.cost
        searches = sum(item.get("name") == "web_search" for item in self.choice.items)
        written = {"ephemeral_5m_input_tokens": cost.written, "ephemeral_1h_input_tokens": 0}
        return {
            "input_tokens": cost.prompt - cost.cached - cost.written,
            "output_tokens": output_tokens,
            "cache_creation": written if cost.written else None,
            "cache_creation_input_tokens": cost.written,
            "cache_read_input_tokens": cost.cached,
            "inference_geo": None,
            "output_tokens_details": {"thinking_tokens": cost.reasoning} if cost.reasoning else None,
            "server_tool_use": {"web_search_requests": searches, "web_fetch_requests": 0} if searches else None,
            "service_tier": "standard",
        }

    def _cost(self, spoken: Spoken) -> Cost:
        reasoning = sum(len(thought.words) for thought in self.thoughts)
        return Cost(self.asked.words, spoken.deltas + reasoning, reasoning=reasoning)


_IN_THE_END = {
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens_details",
    "server_tool_use",
}
"""What the last usage of a stream repeats of the first, which told but the beginning of the output."""


def _citation(citation: Citation) -> dict[str, Any]:
    if citation.url is not None:
        return {
            "type": "web_search_result_location",
            "url": citation.url,
            "title": citation.title,
            "cited_text": citation.cited,
            "encrypted_index": "aW5kZXg=",
        }
    return {
        "type": "char_location",
        "cited_text": citation.cited,
        "document_index": citation.document,
        "document_title": citation.title,
        "start_char_index": 0,
        "end_char_index": len(citation.cited),
        "file_id": None,
    }


def _grown(index: int, block: Block, deltas: list[Block] | tuple[()]) -> Iterator[bytes]:
    yield _event("content_block_start", index=index, content_block=block)
    for delta in deltas:
        yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _step(part: Any) -> Step:
    step: Step = part.data if isinstance(part, Raw) else part
    return step


def _event(name: str, **data: Any) -> bytes:
    return _sse(name, {"type": name, **data})


def _sse(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
