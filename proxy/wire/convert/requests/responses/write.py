"""Writes a Responses request. Source: https://platform.openai.com/docs/api-reference/responses/create."""

from typing import Any, Final

import msgspec

from proxy.wire.convert.conversation import (
    AnswerFormat,
    Conversation,
    Item,
    Message,
    Reasoning,
    ToolCall,
    ToolResult,
)
from proxy.wire.convert.requests.chat.read import SHARED
from proxy.wire.convert.requests.effort import write_level
from proxy.wire.convert.requests.losses import Losses, beside, refused
from proxy.wire.convert.requests.media import plain
from proxy.wire.convert.requests.responses.offers import write_offers
from proxy.wire.convert.requests.responses.parts import write_content, write_said
from proxy.wire.convert.requests.tools import flat_name
from proxy.wire.convert.requests.users import fitting_user

_LEAST: Final = 16
"""The fewest tokens that may be asked for: https://platform.openai.com/docs/api-reference/responses/create."""
_FORMAT_NAME: Final = "answer"
_LOGPROBS: Final = "message.output_text.logprobs"

_dumps: Final = msgspec.json.Encoder().encode


def write(talk: Conversation, losses: Losses, *, plain_reasoning: bool) -> bytes:
    body: dict[str, Any] = {"model": talk.model}
    items = list(talk.items)
    if items and isinstance(first := items[0], Message) and first.role == "system" and (text := plain(first.parts)):
        body["instructions"] = text
        del items[0]
    body["input"] = _Items(plain_reasoning, losses).written(items)
    write_offers(talk, body, losses)
    _write_limits(talk, body, losses)
    if talk.logprobs:
        body["include"] = [_LOGPROBS]
    _write_text(talk, body)
    _write_effort(talk, body, losses)
    if talk.tier is not None:
        body["service_tier"] = talk.tier
    if talk.user is not None and not talk.shared.keys() & {"user", "safety_identifier"}:
        body["safety_identifier"] = fitting_user(talk, losses)
    body.update((name, talk.shared[name]) for name in SHARED if name in talk.shared)
    # Kept by default here, and by no other API: the client did not ask for that.
    body.setdefault("store", False)
    if talk.stream is not None:
        body["stream"] = talk.stream
    return _dumps(body)


def _write_limits(talk: Conversation, body: dict[str, Any], losses: Losses) -> None:
    if talk.max_tokens is not None:
        body["max_output_tokens"] = talk.max_tokens
        if int(bytes(talk.max_tokens)) < _LEAST:
            body["max_output_tokens"] = _LEAST
            losses.note(talk.called("max_tokens"), f"the Responses API takes no less than {_LEAST}")
    for name in ("temperature", "top_p"):
        if (value := getattr(talk, name)) is not None:
            body[name] = value
    if talk.stop:
        raise refused(talk.called("stop"), "the Responses API stops at no given text; leave it out")
    for name in ("top_k", "seed", "frequency_penalty", "presence_penalty"):
        if getattr(talk, name) is not None:
            losses.note(talk.called(name), "the Responses API has none")


def _write_text(talk: Conversation, body: dict[str, Any]) -> None:
    text: dict[str, Any] = {}
    if talk.answer is not None:
        text["format"] = _format(talk.answer, talk.called("answer"))
    if talk.verbosity is not None:
        text["verbosity"] = talk.verbosity
    if text:
        body["text"] = text


def _format(answer: AnswerFormat, path: str) -> dict[str, Any]:
    if answer.kind != "schema":
        return {"type": "text" if answer.kind == "text" else "json_object"}
    if answer.schema is None:
        raise refused(path, "the Responses API wants the schema itself")
    found: dict[str, Any] = {"type": "json_schema", "name": answer.name or _FORMAT_NAME, "schema": answer.schema}
    for name in ("description", "strict"):
        if (value := getattr(answer, name)) is not None:
            found[name] = value
    return found


def _write_effort(talk: Conversation, body: dict[str, Any], losses: Losses) -> None:
    effort = talk.effort
    if effort is None:
        return
    reasoning: dict[str, Any] = {}
    if (level := write_level(talk, effort, losses, open_models=False)) is not None:
        reasoning["effort"] = level
    if effort.shown is not None:
        reasoning["summary"] = effort.shown
    if reasoning:
        body["reasoning"] = reasoning


class _Items:
    def __init__(self, plain_reasoning: bool, losses: Losses) -> None:
        self._plain_reasoning = plain_reasoning
        self._losses = losses
        self._made = 0

    def written(self, items: list[Item]) -> list[dict[str, Any]]:
        return [found for item in items if (found := self._written(item)) is not None]

    def _written(self, item: Item) -> dict[str, Any] | None:
        match item:
            case Message("assistant"):
                return self._said(item)
            case Message(role, parts, path):
                return {"type": "message", "role": role, "content": write_content(parts, path, self._losses)}
            case Reasoning():
                return self._reasoning(item)
            case ToolCall():
                return self._call(item)
            case ToolResult():
                return self._result(item)

    def _said(self, message: Message) -> dict[str, Any]:
        text = plain(message.parts)
        if text is not None:
            return {"type": "message", "role": "assistant", "content": text}
        content = [write_said(part, message.path) for part in message.parts]
        return {
            "type": "message",
            "id": self._id("msg"),
            "role": "assistant",
            "status": "completed",
            "content": content,
        }

    def _reasoning(self, thought: Reasoning) -> dict[str, Any] | None:
        seal = thought.seal
        if seal is not None and seal.dialect == "openai":
            summary = [{"type": "summary_text", "text": thought.readable}] if thought.readable else []
            return {"type": "reasoning", "summary": summary, "encrypted_content": seal.value}
        self._losses.sealed(thought)
        if not thought.readable:
            return None
        if not self._plain_reasoning:
            self._losses.note(thought.path, "the upstream takes back only reasoning that it sealed itself")
            return None
        content = [{"type": "reasoning_text", "text": thought.readable}]
        return {"type": "reasoning", "id": self._id("rs"), "summary": [], "content": content}

    def _call(self, call: ToolCall) -> dict[str, Any]:
        kind, given = ("custom_tool_call", "input") if call.custom else ("function_call", "arguments")
        if call.cache is not None:
            self._losses.note(f"{call.path}.cache_control", "the Responses API marks no tool calls for its cache")
        return {"type": kind, "call_id": call.id, "name": flat_name(call.name), given: call.arguments}

    def _result(self, result: ToolResult) -> dict[str, Any]:
        if result.is_error:
            self._losses.note(
                beside(result.path, "is_error"), "the Responses API does not mark results as errors; their text is told"
            )
        if result.cache is not None:
            self._losses.note(
                beside(result.path, "cache_control"), "the Responses API marks no tool results for its cache"
            )
        kind = "custom_tool_call_output" if result.custom else "function_call_output"
        return {
            "type": kind,
            "call_id": result.call_id,
            "output": write_content(result.parts, result.path, self._losses),
        }

    def _id(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"
