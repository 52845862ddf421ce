"""Chat completions. A whole answer is 1.18 KB, a stream 103 events (role, 100 words, finish, `[DONE]`), or 104."""

from typing import Final

from benchmarks.apis import said
from benchmarks.apis.api import Api, Document, event, written

ANSWER_BYTES: Final = 1180
EVENTS: Final = said.WORDS + 3

_HEADER: Final = {"id": "chatcmpl-bench-0001", "created": 1_790_000_000, "model": "bench-1"}
_USAGE: Final = {
    "prompt_tokens": said.PROMPT_TOKENS,
    "completion_tokens": said.ANSWER_TOKENS,
    "total_tokens": said.PROMPT_TOKENS + said.ANSWER_TOKENS,
}
_CALL: Final = {
    "id": said.CALL_ID,
    "type": "function",
    "function": {"name": said.TOOL, "arguments": said.ARGUMENTS},
}
_TOOL: Final = {
    "type": "function",
    "function": {"name": said.TOOL, "description": said.TOOL_DOES, "parameters": said.TOOL_TAKES},
}
_OPENING: Final = [{"role": "system", "content": said.SYSTEM}, {"role": "user", "content": said.QUESTION}]
_FOLLOW_UP: Final = [
    *_OPENING,
    {"role": "assistant", "content": None, "tool_calls": [_CALL]},
    {"role": "tool", "tool_call_id": said.CALL_ID, "content": said.RESULT},
]


def _whole(content: str, finish: str, **reply: object) -> bytes:
    message = {"role": "assistant", "content": content, **reply}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return written({**_HEADER, "object": "chat.completion", "choices": [choice], "usage": _USAGE})


def _chunk(choices: list[Document], **extra: object) -> bytes:
    return event({**_HEADER, "object": "chat.completion.chunk", "choices": choices, **extra})


def _delta(delta: Document, finish: str | None = None) -> list[Document]:
    return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]


def _events(usage: bool) -> list[bytes]:
    words = [_chunk(_delta({"content": f" {said.WORD}"}))] * said.WORDS
    counted = [_chunk([], usage=_USAGE)] if usage else []
    first = _chunk(_delta({"role": "assistant", "content": ""}))
    return [first, *words, _chunk(_delta({}, "stop")), *counted, b"data: [DONE]\n\n"]


TEXT: Final = said.answer(ANSWER_BYTES - len(_whole("", "stop")))
"""The answer, in this and the other APIs."""
ALONGSIDE: Final = said.answer(ANSWER_BYTES - len(_whole("", "tool_calls", tool_calls=[_CALL])))
"""What is said beside the call of the tool."""

CHAT: Final = Api(
    name="chat",
    path="/v1/chat/completions",
    asks=[{"messages": messages, "tools": [_TOOL], "temperature": 0.2} for messages in (_OPENING, _FOLLOW_UP)],
    asks_streamed={"messages": _OPENING, "stream": True, "temperature": 0.2},
    brings_result=b'"tool_call_id"',
    calls_tool=_whole(ALONGSIDE, "tool_calls", tool_calls=[_CALL]),
    says=_whole(TEXT, "stop"),
    events=_events(usage=False),
    events_with_usage=_events(usage=True),
    words=said.WORDS,
    last_event=b"data: [DONE]",
)
