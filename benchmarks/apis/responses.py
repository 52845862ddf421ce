"""Responses. A stream is 108 events; what it said comes again in four of them, as the API has it."""

from collections.abc import Iterator
from typing import Any, Final

from benchmarks.apis import said
from benchmarks.apis.api import Api, Document, named_event, written
from benchmarks.apis.chat import ALONGSIDE, TEXT

_USAGE: Final = {
    "input_tokens": said.PROMPT_TOKENS,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": said.ANSWER_TOKENS,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": said.PROMPT_TOKENS + said.ANSWER_TOKENS,
}
_TOOL: Final = {
    "type": "function",
    "name": said.TOOL,
    "description": said.TOOL_DOES,
    "parameters": said.TOOL_TAKES,
    "strict": False,
}
_CALL: Final = {
    "type": "function_call",
    "id": "fc_bench_0001",
    "call_id": said.CALL_ID,
    "name": said.TOOL,
    "arguments": said.ARGUMENTS,
    "status": "completed",
}
_RESULT: Final = {"type": "function_call_output", "call_id": said.CALL_ID, "output": said.RESULT}
_OPENING: Final = [{"role": "user", "content": said.QUESTION}]
_COMMON: Final = {"instructions": said.SYSTEM, "temperature": 0.2}


def _part(text: str) -> Document:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _message(text: str | None, status: str = "completed") -> Document:
    content = [] if text is None else [_part(text)]
    return {"type": "message", "id": "msg_bench_0001", "status": status, "role": "assistant", "content": content}


def _response(output: list[Document], tools: list[Document], *, completed: bool = True) -> Document:
    return {
        "id": "resp_bench_0001",
        "object": "response",
        "created_at": 1_790_000_000,
        "completed_at": 1_790_000_001 if completed else None,
        "status": "completed" if completed else "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": said.SYSTEM,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "bench-1",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 0.2,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": tools,
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": _USAGE if completed else None,
        "metadata": {},
    }


def _stream() -> Iterator[tuple[str, Document]]:
    """The events in order, by type and what else each says."""
    item, content = {"output_index": 0}, {"item_id": "msg_bench_0001", "output_index": 0, "content_index": 0}
    begun = _response([], [], completed=False)
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    yield "response.output_item.added", {**item, "item": _message(None, "in_progress")}
    yield "response.content_part.added", {**content, "part": _part("")}
    for _ in range(said.WORDS):
        yield "response.output_text.delta", {**content, "delta": f" {said.WORD}", "logprobs": []}
    yield "response.output_text.done", {**content, "text": said.STREAMED, "logprobs": []}
    yield "response.content_part.done", {**content, "part": _part(said.STREAMED)}
    yield "response.output_item.done", {**item, "item": _message(said.STREAMED)}
    yield "response.completed", {"response": _response([_message(said.STREAMED)], [])}


def _events() -> list[bytes]:
    numbered: Iterator[tuple[int, tuple[str, dict[str, Any]]]] = enumerate(_stream())
    return [named_event({"type": type, "sequence_number": number, **more}) for number, (type, more) in numbered]


RESPONSES: Final = Api(
    name="responses",
    path="/v1/responses",
    asks=[
        {**_COMMON, "input": _OPENING, "tools": [_TOOL]},
        {**_COMMON, "input": [*_OPENING, _CALL, _RESULT], "tools": [_TOOL]},
    ],
    asks_streamed={**_COMMON, "input": _OPENING, "stream": True},
    brings_result=b'"function_call_output"',
    calls_tool=written(_response([_message(ALONGSIDE), _CALL], [_TOOL])),
    says=written(_response([_message(TEXT)], [_TOOL])),
    events=_events(),
    events_with_usage=_events(),
    words=said.WORDS * 5,
    last_event=b"event: response.completed",
)
