"""The events of one response, in the order OpenAI sends them; the whole answer is what the last of them holds."""

import hashlib
from collections.abc import Generator, Iterator
from typing import Any, TypeAlias

from tests.support.upstream.answer import Step
from tests.support.upstream.asked import Asked
from tests.support.upstream.logprobs import logprobs_of
from tests.support.upstream.memory import Item
from tests.support.upstream.received import Received
from tests.support.upstream.responses.document import CREATED, response, usage
from tests.support.upstream.spoken import Broken, Choice, Cost, Failed, Part, Raw, Spoken, Thought, ToolCall

Event: TypeAlias = dict[str, Any]

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_STAGES = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_call": ("in_progress", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
}


class Writing:
    """One answer being written down: the first choice alone, since this API has no `n`."""

    def __init__(self, spoken: Spoken, request: Received, asked: Asked) -> None:
        self.memory = request.memory
        self.number = request.number
        self.asked = asked
        self.choice: Choice = spoken.choices[0]
        self.incomplete = _INCOMPLETE.get(self.choice.ending)
        self.item_status = "incomplete" if self.incomplete else "completed"
        self.begun = {**response(self.memory.name("resp", self.number), asked), **spoken.extra}
        self.output: list[Item] = []
        included = asked.document.get("include") or []
        self.seals = "reasoning.encrypted_content" in included
        self.tells_logprobs = "message.output_text.logprobs" in included
        self.obfuscates = (asked.document.get("stream_options") or {}).get("include_obfuscation", True)
        self.thoughts = tuple(self._thoughts())
        self.cost = spoken.cost or self._cost(spoken)
        self._sequence = 0

    def events(self) -> Iterator[Event | Step]:
        """Events, and among them what the script wants to happen; what comes before the first word comes first."""
        parts = list(self.choice.parts)
        while parts and not isinstance(parts[0], str | Broken):
            yield _step(parts.pop(0))
        if self.asked.document.get("background"):
            queued = {**self.begun, "status": "queued"}
            yield self._event("response.created", response=queued)
            yield self._event("response.queued", response=queued)
        else:
            yield self._event("response.created", response=self.begun)
        yield self._event("response.in_progress", response=self.begun)
        if self.thoughts:
            yield from self._reasoning()
        for item in self.choice.items:
            yield from self._item(item)
        if parts or self.choice.refusal:
            yield from self._message(parts)
        if self.choice.trouble is not None:
            yield self._breaks(self.choice.trouble)
            return
        for place, call in enumerate(self.choice.calls):
            yield from self._call(place, call)
        ending = "response.incomplete" if self.incomplete else "response.completed"
        yield self._event(ending, response=self._ended())

    def _ended(self) -> dict[str, Any]:
        details = {"reason": self.incomplete} if self.incomplete else None
        return {
            **self.begun,
            "status": self.item_status,
            "completed_at": None if self.incomplete else CREATED + 1,
            "incomplete_details": details,
            "output": list(self.output),
            "usage": self._usage(),
        }

    def _breaks(self, trouble: Broken) -> Event:
        code = trouble.code or trouble.type
        if isinstance(trouble, Failed):
            error = {"code": code, "message": trouble.message}
            failed = {**self.begun, "status": "failed", "error": error, "output": list(self.output)}
            return self._event("response.failed", response=failed)
        told = {"type": trouble.type, "code": code, "message": trouble.message, "param": None}
        return self._event("error", error=told)

    def _reasoning(self) -> Iterator[Event]:
        begun: Item = {"id": self._name("rs"), "type": "reasoning", "summary": []}
        place = yield from self._added(begun)
        summary: list[Item] = []
        content: list[Item] = []
        for thought in self.thoughts:
            if thought.shown == "text":
                at = {**place, "content_index": len(content)}
                content.append({"type": "reasoning_text", "text": thought.text})
                yield self._event("response.content_part.added", **at, part={**content[-1], "text": ""})
                for word in thought.words:
                    yield self._delta("response.reasoning_text.delta", at, word)
                yield self._event("response.reasoning_text.done", **at, text=thought.text)
                yield self._event("response.content_part.done", **at, part=content[-1])
            elif thought.shown == "summary" and self._tells_summary:
                at = {**place, "summary_index": len(summary)}
                summary.append({"type": "summary_text", "text": thought.text})
                yield self._event("response.reasoning_summary_part.added", **at, part={**summary[-1], "text": ""})
                for word in thought.words:
                    yield self._delta("response.reasoning_summary_text.delta", at, word)
                yield self._event("response.reasoning_summary_text.done", **at, text=thought.text)
                yield self._event("response.reasoning_summary_part.done", **at, part=summary[-1])
        done = {**begun, "summary": summary, **({"content": content} if content else {})}
        if self.seals:
            done["encrypted_content"] = self.memory.seal(begun["id"])
        yield self._done(done)

    def _item(self, item: Item) -> Iterator[Event]:
        """What one of the provider's own tools did."""
        done = {"id": self._name(item["type"].removesuffix("_call")), **item}
        stages = _STAGES.get(item["type"], ())
        if stages:
            done = {"status": "completed", **done}
        place = yield from self._added({**done, "status": "in_progress"} if stages else done)
        for stage in stages:
            yield self._event(f"response.{item['type']}.{stage}", **place)
        yield self._done(done)

    def _message(self, parts: list[Part]) -> Iterator[Event | Step]:
        """The words, unless the script breaks off: then what is written so far is all."""
        begun: Item = {"id": self._name("msg"), "type": "message", "status": "in_progress", "content": []}
        begun["role"] = "assistant"
        place = yield from self._added(begun)
        content: list[Item] = []
        if self.choice.words:
            at = {**place, "content_index": 0}
            part: Item = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
            yield self._event("response.content_part.added", **at, part=part)
            for word in parts:
                if isinstance(word, Broken):
                    return
                if isinstance(word, str):
                    yield self._delta("response.output_text.delta", at, word, logprobs=self._logprobs((word,)))
                else:
                    yield _step(word)
            logprobs = self._logprobs(self.choice.words)
            part = {**part, "text": self.choice.text, "annotations": self._annotations(), "logprobs": logprobs}
            for index, annotation in enumerate(part["annotations"]):
                yield self._event(
                    "response.output_text.annotation.added", **at, annotation_index=index, annotation=annotation
                )
            yield self._event("response.output_text.done", **at, text=part["text"], logprobs=logprobs)
            yield self._event("response.content_part.done", **at, part=part)
            content.append(part)
        elif self.choice.trouble is not None:
            return
        if self.choice.refusal:
            at = {**place, "content_index": len(content)}
            refusal = "".join(self.choice.refusal)
            yield self._event("response.content_part.added", **at, part={"type": "refusal", "refusal": ""})
            for word in self.choice.refusal:
                yield self._delta("response.refusal.delta", at, word)
            yield self._event("response.refusal.done", **at, refusal=refusal)
            content.append({"type": "refusal", "refusal": refusal})
            yield self._event("response.content_part.done", **at, part=content[-1])
        yield self._done({**begun, "status": self.item_status, "content": content})

    def _call(self, place: int, call: ToolCall) -> Iterator[Event]:
        kind, field, stem = (
            ("custom_tool_call", "input", "custom_tool_call_input")
            if call.custom
            else ("function_call", "arguments", "function_call_arguments")
        )
        done: Item = {
            "id": self._name("ctc" if call.custom else "fc"),
            "type": kind,
            "status": self.item_status,
            field: call.arguments,
            "call_id": call.id or f"call_{self.number}_0_{place}",
            "name": call.name,
        }
        at = yield from self._added({**done, "status": "in_progress", field: ""})
        for piece in call.deltas:
            yield self._delta(f"response.{stem}.delta", at, piece)
        yield self._event(f"response.{stem}.done", **at, **{field: call.arguments})
        yield self._done(done)

    def _added(self, item: Item) -> Generator[Event, None, dict[str, Any]]:
        """Opens an item; returns what every event about it says of its place."""
        place = {"item_id": item["id"], "output_index": len(self.output)}
        yield self._event("response.output_item.added", output_index=place["output_index"], item=item)
        return place

    def _done(self, item: Item) -> Event:
        self.output.append(item)
        return self._event("response.output_item.done", output_index=len(self.output) - 1, item=item)

    def _delta(self, kind: str, place: dict[str, Any], delta: str, **fields: Any) -> Event:
        padding = hashlib.sha256(delta.encode()).hexdigest()[: 16 - len(delta) % 16]
        obfuscation = {"obfuscation": padding} if self.obfuscates else {}
        return self._event(kind, **place, delta=delta, **fields, **obfuscation)

    def _event(self, kind: str, **fields: Any) -> Event:
        self._sequence += 1
        return {"type": kind, "sequence_number": self._sequence - 1, **fields}

    def _name(self, prefix: str) -> str:
        return self.memory.name(prefix, self.number, len(self.output))

    def _thoughts(self) -> Iterator[Thought]:
        """The scripted ones, else one of its own when the request asks for reasoning."""
        yield from self.choice.thoughts
        reasoning = self.asked.document.get("reasoning") or {}
        wanted = self._tells_summary or self.seals or reasoning.get("effort") not in {None, "none"}
        if wanted and not self.choice.thoughts:
            yield Thought((f"The question has {len(self.asked.question.split())} ", "words."))

    @property
    def _tells_summary(self) -> bool:
        return (self.asked.document.get("reasoning") or {}).get("summary") is not None

    def _usage(self) -> dict[str, Any]:
        cost = self.cost
        return usage(
            input=cost.prompt,
            output=cost.completion,
            cached=cost.cached,
            written=cost.written,
            reasoning=cost.reasoning,
        )

    def _cost(self, spoken: Spoken) -> Cost:
        reasoning = sum(len(thought.words) for thought in self.thoughts)
        return Cost(self.asked.words, spoken.deltas + reasoning, reasoning=reasoning)

    def _annotations(self) -> list[Item]:
        return [
            {
                "type": "url_citation",
                "start_index": 0,
                "end_index": len(self.choice.text),
                "title": citation.title,
                "url": citation.url,
            }
            for citation in self.choice.citations
            if citation.url is not None
        ]

    def _logprobs(self, words: tuple[str, ...]) -> list[Item]:
        alternatives = bool(self.asked.document.get("top_logprobs"))
        return logprobs_of(words, alternatives=alternatives) if self.tells_logprobs else []


def _step(part: Part) -> Step:
    if isinstance(part, Raw):
        return part.data
    assert not isinstance(part, str | Broken)
    return part
