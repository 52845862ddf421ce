"""Messages. A stream is 106 events, a `ping` among them."""

import json
from typing import Final

from benchmarks.apis import said
from benchmarks.apis.api import Api, Document, named_event, written
from benchmarks.apis.chat import ALONGSIDE, TEXT

_USAGE: Final = {
    "input_tokens": said.PROMPT_TOKENS,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": said.ANSWER_TOKENS,
    "service_tier": "standard",
}
_TOOL: Final = {"name": said.TOOL, "description": said.TOOL_DOES, "input_schema": said.TOOL_TAKES}
_CALL: Final = {"type": "tool_use", "id": said.CALL_ID, "name": said.TOOL, "input": json.loads(said.ARGUMENTS)}
_RESULT: Final = {"type": "tool_result", "tool_use_id": said.CALL_ID, "content": said.RESULT}
_OPENING: Final = [{"role": "user", "content": said.QUESTION}]
_FOLLOW_UP: Final = [*_OPENING, {"role": "assistant", "content": [_CALL]}, {"role": "user", "content": [_RESULT]}]
_COMMON: Final = {"system": said.SYSTEM, "max_tokens": 1024, "temperature": 0.2}


def _message(content: list[Document], stop_reason: str | None, usage: Document) -> Document:
    return {
        "id": "msg_bench_0001",
        "type": "message",
        "role": "assistant",
        "model": "bench-1",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _text(text: str) -> Document:
    return {"type": "text", "text": text}


def _events() -> list[bytes]:
    begun = {**_USAGE, "output_tokens": 1}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f" {said.WORD}"}}
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    documents: list[Document] = [
        {"type": "message_start", "message": _message([], None, begun)},
        {"type": "content_block_start", "index": 0, "content_block": _text("")},
        {"type": "ping"},
        *[delta] * said.WORDS,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": said.ANSWER_TOKENS}},
        {"type": "message_stop"},
    ]
    return [named_event(document) for document in documents]


MESSAGES: Final = Api(
    name="messages",
    path="/v1/messages",
    headers={"anthropic-version": "2023-06-01"},
    asks=[{**_COMMON, "messages": messages, "tools": [_TOOL]} for messages in (_OPENING, _FOLLOW_UP)],
    asks_streamed={**_COMMON, "messages": _OPENING, "stream": True},
    brings_result=b'"tool_result"',
    calls_tool=written(_message([_text(ALONGSIDE), _CALL], "tool_use", _USAGE)),
    says=written(_message([_text(TEXT)], "end_turn", _USAGE)),
    events=_events(),
    events_with_usage=_events(),
    words=said.WORDS,
    last_event=b"event: message_stop",
)
