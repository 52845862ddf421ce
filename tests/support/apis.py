"""One call in every API that agents speak, as its run is recorded: the same question, the same answer."""

import json
from typing import Any, Final

from records.run import Run
from tests.support.runs import a_run

QUESTION: Final = "What is the weather in Bern?"
ANSWER: Final = "It rains."
EMBEDDED: Final = "1 embedding of 768 dimensions"
CALL: Final = 'get_weather({"city":"Bern"})'

_ARGUMENTS: Final = '{"city":"Bern"}'

_REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "chat/completions": {"messages": [{"role": "user", "content": QUESTION}]},
    "responses": {
        "instructions": "Be kind.",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": QUESTION}]}],
    },
    "messages": {
        "system": [{"type": "text", "text": "Be kind."}],
        "max_tokens": 100,
        "messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}],
    },
    "completions": {"prompt": QUESTION},
    "embeddings": {"input": [QUESTION], "encoding_format": "base64"},
}
_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "chat/completions": {"choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}}]},
    "responses": {
        "object": "response",
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]},
        ],
    },
    "messages": {
        "type": "message",
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Look outside.", "signature": "x"},
            {"type": "text", "text": ANSWER},
        ],
    },
    "completions": {"object": "text_completion", "choices": [{"index": 0, "text": ANSWER}]},
    "embeddings": {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": {"dimensions": 768}}]},
}
_CALLS: Final[dict[str, dict[str, Any]]] = {
    "chat/completions": {
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": _ARGUMENTS}}
                    ],
                },
            }
        ]
    },
    "responses": {
        "object": "response",
        "output": [{"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": _ARGUMENTS}],
    },
    "messages": {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "c", "name": "get_weather", "input": {"city": "Bern"}}],
    },
}
_OPERATIONS: Final = {"completions": "text_completion", "embeddings": "embeddings"}

ALL: Final = tuple(_REQUESTS)
WITH_TOOLS: Final = tuple(_CALLS)


def answered_in(api: str, number: int = 1, **changes: Any) -> Run:
    """A call of `/v1/API` that was answered."""
    return _run(api, number, _ANSWERS[api], changes)


def asking_for_a_tool_in(api: str, number: int = 1, **changes: Any) -> Run:
    """A call whose answer asks for a tool and says nothing."""
    return _run(api, number, _CALLS[api], changes)


def _run(api: str, number: int, answer: dict[str, Any], changes: dict[str, Any]) -> Run:
    fields: dict[str, Any] = {
        "route": f"POST /v1/{api}",
        "operation": _OPERATIONS.get(api, "chat"),
        "request": json.dumps({"model": "small-instruct", **_REQUESTS[api]}),
        "answer": json.dumps(answer),
    }
    return a_run(number, **(fields | changes))
