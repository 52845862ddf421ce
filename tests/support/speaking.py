"""How a client of each API asks and what it reads in an answer, so that one test can be run over all of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.support.proxy import Answer

Message = str | Mapping[str, Any]
"""A message as chat completions write it, or the text of one of the user's."""

Tool = str | Mapping[str, Any]

_MAX_TOKENS: Final = 1000


@dataclass(frozen=True)
class Told:
    """What an answer says, whatever the API and whether it was streamed. `calls` are (id, name, arguments read)."""

    text: str
    calls: tuple[tuple[str, str, Any], ...]
    finish_reason: str | None
    usage: tuple[int, int] | None


@dataclass(frozen=True)
class Language:
    """One API."""

    name: Literal["chat", "responses", "messages"]

    @property
    def path(self) -> str:
        return _PATHS[self.name]

    def asking(self, *messages: Message, tools: Sequence[Tool] = (), **fields: Any) -> dict[str, Any]:
        """A request. A tool given by its name is a function without parameters; any other is as the API has it."""
        said = [{"role": "user", "content": m} if isinstance(m, str) else dict(m) for m in messages or ("hello",)]
        return {"model": "small", **_ASKING[self.name](said, tools), **fields}

    def asked(self, request: Any) -> list[str]:
        """The texts of a request's messages, instructions first, as a provider gets them."""
        return [_text(said) for said in _ASKED[self.name](request) if said is not None]

    def told(self, answer: Answer) -> Told:
        return self.read(self.document(answer))

    def read(self, document: Any) -> Told:
        return _READING[self.name](document)

    def document(self, answer: Answer) -> Any:
        """The whole answer: as it is, or as its events put together."""
        if answer.headers["content-type"].startswith("application/json"):
            return answer.json()
        return _JOINING[self.name](events_of(answer))

    def error(self, answer: Answer) -> Any:
        """The error of a refused call, or of the event that ends a stream."""
        if answer.headers["content-type"].startswith("application/json"):
            return answer.json()["error"]
        last = events_of(answer)[-1]
        return last.get("error") or last.get("response", {}).get("error") or last


CHAT: Final = Language("chat")
RESPONSES: Final = Language("responses")
MESSAGES: Final = Language("messages")
ALL: Final = (CHAT, RESPONSES, MESSAGES)


def events_of(answer: Answer) -> list[Any]:
    """The JSON of each event, whether the events have names or not."""
    found = []
    for block in answer.blocks:
        data = [line.removeprefix(b"data: ") for line in block.split(b"\n") if line.startswith(b"data: ")]
        if data and data != [b"[DONE]"]:
            found.append(json.loads(b"\n".join(data)))
    return found


_PATHS: Final = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}


def _ask_chat(said: list[dict[str, Any]], tools: Sequence[Tool]) -> dict[str, Any]:
    offered = [
        {"type": "function", "function": {"name": tool, "parameters": {"type": "object"}}}
        if isinstance(tool, str)
        else tool
        for tool in tools
    ]
    return {"messages": said, **({"tools": offered} if tools else {})}


def _ask_responses(said: list[dict[str, Any]], tools: Sequence[Tool]) -> dict[str, Any]:
    system = "\n\n".join(message["content"] for message in said if message["role"] == "system")
    items: list[dict[str, Any]] = []
    for message in said:
        if message["role"] == "system":
            continue
        if message["role"] == "tool":
            items.append(
                {"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}
            )
            continue
        if message.get("content") is not None:
            items.append({"type": "message", "role": message["role"], "content": message["content"]})
        called = message.get("tool_calls", ())
        items += [{"type": "function_call", "call_id": call["id"], **call["function"]} for call in called]
    offered = [
        {"type": "function", "name": tool, "parameters": {"type": "object"}, "strict": False}
        if isinstance(tool, str)
        else tool
        for tool in tools
    ]
    instructions = {"instructions": system} if system else {}
    return {"input": items, **instructions, **({"tools": offered} if tools else {})}


def _ask_messages(said: list[dict[str, Any]], tools: Sequence[Tool]) -> dict[str, Any]:
    system = "\n\n".join(message["content"] for message in said if message["role"] == "system")
    turns: list[dict[str, Any]] = []
    for message in said:
        blocks: list[dict[str, Any]] = []
        if message["role"] == "system":
            continue
        if message["role"] == "tool":
            blocks.append(
                {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}
            )
        elif message.get("content") is not None:
            blocks.append({"type": "text", "text": message["content"]})
        for call in message.get("tool_calls", ()):
            function = call["function"]
            blocks.append(
                {
                    "type": "tool_use",
                    "id": call["id"],
                    "name": function["name"],
                    "input": json.loads(function["arguments"]),
                }
            )
        role = "assistant" if message["role"] == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    offered = [{"name": tool, "input_schema": {"type": "object"}} if isinstance(tool, str) else tool for tool in tools]
    return {
        "max_tokens": _MAX_TOKENS,
        "messages": turns,
        **({"system": system} if system else {}),
        **({"tools": offered} if tools else {}),
    }


def _read_chat(document: Any) -> Told:
    choice, usage = document["choices"][0], document.get("usage")
    calls = tuple(
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in choice["message"].get("tool_calls") or ()
    )
    return Told(
        choice["message"].get("content") or "",
        calls,
        choice["finish_reason"],
        (usage["prompt_tokens"], usage["completion_tokens"]) if usage else None,
    )


_STATUS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}
_STOP: Final = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length", "refusal": "content_filter"}


def _read_responses(document: Any) -> Told:
    text = "".join(
        part.get("text", "")
        for item in document["output"]
        if item["type"] == "message"
        for part in item["content"]
        if part["type"] == "output_text"
    )
    calls = tuple(
        (item["call_id"], item["name"], json.loads(item["arguments"]))
        for item in document["output"]
        if item["type"] == "function_call"
    )
    usage = document.get("usage")
    reason = None
    if document["status"] == "completed":
        reason = "tool_calls" if calls else "stop"
    elif document["status"] == "incomplete":
        reason = _STATUS[document["incomplete_details"]["reason"]]
    return Told(text, calls, reason, (usage["input_tokens"], usage["output_tokens"]) if usage else None)


def _read_messages(document: Any) -> Told:
    blocks, usage = document["content"], document["usage"]
    return Told(
        "".join(block["text"] for block in blocks if block["type"] == "text"),
        tuple((block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"),
        _STOP.get(document["stop_reason"], document["stop_reason"]),
        (usage["input_tokens"], usage["output_tokens"]),
    )


def _join_chat(events: list[Any]) -> Any:
    message: dict[str, Any] = {"content": "", "tool_calls": []}
    whole: dict[str, Any] = {"choices": [{"message": message, "finish_reason": None}]}
    for event in events:
        whole["usage"] = event.get("usage") or whole.get("usage")
        for choice in event["choices"]:
            message["content"] += choice["delta"].get("content") or ""
            whole["choices"][0]["finish_reason"] = choice["finish_reason"]
            for piece in choice["delta"].get("tool_calls") or ():
                if piece["index"] == len(message["tool_calls"]):
                    message["tool_calls"].append({"id": piece["id"], "function": dict(piece["function"])})
                else:
                    function = message["tool_calls"][piece["index"]]["function"]
                    function["arguments"] += piece["function"]["arguments"]
    return whole


def _join_responses(events: list[Any]) -> Any:
    return events[-1]["response"]


def _join_messages(events: list[Any]) -> Any:
    whole: dict[str, Any] = {}
    for event in events:
        match event["type"]:
            case "message_start":
                whole = event["message"]
            case "content_block_start":
                whole["content"].append({**event["content_block"], "json": ""})
            case "content_block_delta":
                block, delta = whole["content"][event["index"]], event["delta"]
                if delta["type"] == "text_delta":
                    block["text"] += delta["text"]
                elif delta["type"] == "input_json_delta":
                    block["json"] += delta["partial_json"]
            case "content_block_stop":
                block = whole["content"][event["index"]]
                if block["type"] == "tool_use" and block["json"]:
                    block["input"] = json.loads(block["json"])
            case "message_delta":
                whole.update(event["delta"])
                whole["usage"] |= event["usage"]
    return whole


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "\n\n".join(part["text"] for part in content)


def _asked_chat(request: Any) -> list[Any]:
    return [message["content"] for message in request["messages"]]


def _asked_responses(request: Any) -> list[Any]:
    return [request.get("instructions"), *(item["content"] for item in request["input"] if "content" in item)]


def _asked_messages(request: Any) -> list[Any]:
    return [request.get("system"), *(message["content"] for message in request["messages"])]


_ASKED: Final = {"chat": _asked_chat, "responses": _asked_responses, "messages": _asked_messages}
_ASKING: Final = {"chat": _ask_chat, "responses": _ask_responses, "messages": _ask_messages}
_READING: Final = {"chat": _read_chat, "responses": _read_responses, "messages": _read_messages}
_JOINING: Final = {"chat": _join_chat, "responses": _join_responses, "messages": _join_messages}
