"""Writes a chat-completions request, as servers read it that speak nothing else."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.wire.convert.conversation import (
    AnswerFormat,
    Conversation,
    Image,
    Item,
    Message,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy.wire.convert.requests import models
from proxy.wire.convert.requests.chat.offers import write_offers
from proxy.wire.convert.requests.chat.parts import write_content, write_parts
from proxy.wire.convert.requests.chat.read import SHARED
from proxy.wire.convert.requests.effort import write_level
from proxy.wire.convert.requests.losses import Losses, beside, refused
from proxy.wire.convert.requests.tools import as_function_call
from proxy.wire.convert.requests.turns import Run, by_model_run, leading, settled
from proxy.wire.convert.requests.users import fitting_user

_FORMAT_NAME: Final = "answer"
"""For a schema without a name: chat completions wants one."""

_dumps: Final = msgspec.json.Encoder().encode


def write(talk: Conversation, losses: Losses) -> bytes:
    body: dict[str, Any] = {"model": talk.model, "messages": _messages(talk.items, losses)}
    write_offers(talk, body, losses)
    if talk.max_tokens is not None:
        # Servers of other makers know only the old name.
        name = "max_completion_tokens" if models.counts_reasoning(talk.model) else "max_tokens"
        body[name] = talk.max_tokens
    for name in ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty", "verbosity"):
        if (value := getattr(talk, name)) is not None:
            body[name] = value
    if talk.top_k is not None:
        losses.note(talk.called("top_k"), "the chat API has none")
    if talk.stop:
        body["stop"] = list(talk.stop)
    if talk.logprobs:
        body["logprobs"] = True
    if talk.answer is not None:
        body["response_format"] = _format(talk.answer)
    _write_effort(talk, body, losses)
    if talk.tier is not None:
        body["service_tier"] = talk.tier
    if talk.user is not None and not talk.shared.keys() & {"user", "safety_identifier"}:
        body["user"] = fitting_user(talk, losses)
    body.update((name, talk.shared[name]) for name in SHARED if name in talk.shared)
    if talk.stream is not None:
        body["stream"] = talk.stream
    if talk.stream:
        # Without it the usage of a streamed call would be unknown.
        body["stream_options"] = {"include_usage": True}
    return _dumps(body)


def _format(answer: AnswerFormat) -> dict[str, Any]:
    if answer.kind != "schema":
        return {"type": "text" if answer.kind == "text" else "json_object"}
    schema: dict[str, Any] = {"name": answer.name or _FORMAT_NAME}
    for name in ("description", "schema", "strict"):
        if (value := getattr(answer, name)) is not None:
            schema[name] = value
    return {"type": "json_schema", "json_schema": schema}


def _write_effort(talk: Conversation, body: dict[str, Any], losses: Losses) -> None:
    effort = talk.effort
    if effort is None:
        return
    if (level := write_level(talk, effort, losses, open_models=True)) is not None:
        body["reasoning_effort"] = level
    if effort.shown is not None:
        losses.note(talk.called("shown"), "the chat API does not choose how reasoning is told")


def _messages(items: Sequence[Item], losses: Losses) -> list[dict[str, Any]]:
    first = leading(items)
    messages: list[dict[str, Any]] = []
    if first:
        messages.append({"role": "system", "content": _instructions(items[:first], losses)})
    for run in settled(items[first:]):
        messages.extend(_answered(run, losses) if by_model_run(run) else _said(run, losses))
    return messages


def _instructions(said: Sequence[Item], losses: Losses) -> Any:
    """All in one message: templates of many models take one only, at the very beginning."""
    messages = [item for item in said if isinstance(item, Message)]
    contents = [write_content(message.parts, message.path, losses) for message in messages]
    texts = [content for content in contents if isinstance(content, str)]
    if len(texts) == len(contents):
        return "\n\n".join(texts)
    return write_parts((part for message in messages for part in message.parts), messages[0].path, losses)


def _said(run: Run, losses: Losses) -> list[dict[str, Any]]:
    """Tool messages hold only text; what else a result has goes into the user's next message."""
    messages: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for item in run:
        if isinstance(item, ToolResult):
            messages.append(_result(item, shown, losses))
            continue
        if not isinstance(item, Message):
            continue
        if item.role == "user" and shown:
            messages.append({"role": "user", "content": [*shown, *write_parts(item.parts, item.path, losses)]})
            shown = []
        else:
            role = "user" if item.role == "user" else "system"
            messages.append({"role": role, "content": write_content(item.parts, item.path, losses)})
    if shown:
        messages.append({"role": "user", "content": shown})
    return messages


def _result(result: ToolResult, shown: list[dict[str, Any]], losses: Losses) -> dict[str, Any]:
    texts = tuple(part for part in result.parts if isinstance(part, Text))
    others = [part for part in result.parts if not isinstance(part, Text)]
    if others:
        what = "an image" if all(isinstance(part, Image) for part in others) else "a file"
        texts = texts or (Text(f"The result is {what}; it follows."),)
        shown.append({"type": "text", "text": f"From the result of the tool call {result.call_id}:"})
        shown.extend(write_parts(others, result.path, losses))
    if result.is_error:
        losses.note(beside(result.path, "is_error"), "the chat API does not mark results as errors; their text is told")
    if result.cache is not None:
        losses.note(beside(result.path, "cache_control"), "the chat API marks no tool results for its cache")
    return {"role": "tool", "tool_call_id": result.call_id, "content": write_content(texts, result.path, losses)}


class _Answer:
    """One assistant message that is being put together."""

    def __init__(self) -> None:
        self.thoughts: list[Reasoning] = []
        self.parts: list[Part] = []
        self.calls: list[ToolCall] = []
        self.path = ""

    def written(self, losses: Losses) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": None}
        if len(self.parts) == 1 and isinstance(self.parts[0], Refusal):
            message["refusal"] = self.parts[0].text
        elif self.parts or not self.calls:
            message["content"] = write_content(tuple(self.parts), self.path, losses)
        if reasoning := self._reasoning(losses):
            message["reasoning_content"] = reasoning
        if self.calls:
            message["tool_calls"] = [_call(call, losses) for call in self.calls]
        return message

    def _reasoning(self, losses: Losses) -> str:
        """Models read again what they thought on the way to a tool call, and nothing of what they thought otherwise."""
        texts: list[str] = []
        for thought in self.thoughts:
            losses.sealed(thought)
            if thought.readable and self.calls:
                texts.append(thought.readable)
            elif thought.readable:
                losses.note(thought.path, "reasoning is told again only before a tool call")
        return "\n\n".join(texts)


def _answered(run: Run, losses: Losses) -> list[dict[str, Any]]:
    """The model's messages, each as it was said, save that one with calls must be the last."""
    answers = [_Answer()]
    waiting: list[Reasoning] = []
    for item in run:
        answer = answers[-1]
        if isinstance(item, Reasoning):
            waiting.append(item)
            continue
        if isinstance(item, Message) and answer.parts and not answer.calls:
            answer = _Answer()
            answers.append(answer)
        answer.thoughts += waiting
        waiting = []
        _add(answer, item)
    answers[-1].thoughts += waiting
    return [answer.written(losses) for answer in answers]


def _add(answer: _Answer, item: Item) -> None:
    if isinstance(item, ToolCall):
        answer.calls.append(as_function_call(item))
    elif isinstance(item, Message):
        for part in item.parts:
            if not isinstance(part, Text | Refusal):
                raise refused(item.path, "the chat API takes only text from an assistant")
        answer.parts += item.parts
        answer.path = item.path


def _call(call: ToolCall, losses: Losses) -> dict[str, Any]:
    if call.cache is not None:
        losses.note(f"{call.path}.cache_control", "the chat API marks no tool calls for its cache")
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
