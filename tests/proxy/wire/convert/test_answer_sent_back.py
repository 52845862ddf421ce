"""An answer that a client of another API sends back as history reaches the upstream as the upstream gave it."""

import json
from typing import Any

from proxy.wire.convert.request import convert_request
from tests.proxy.wire.convert.speaking import converted

TURN: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "aGlk"},
    {"type": "text", "text": "Let me see."},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": 1}},
    {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
]
ITEMS: list[dict[str, Any]] = [
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "Z0FB"},
    {"type": "reasoning", "summary": [], "encrypted_content": "Z0FC"},
    {"type": "message", "role": "assistant", "content": "Let me see."},
    {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"x": 1}'},
]


def test_a_thinking_turn_comes_back_through_a_client_of_responses() -> None:
    answer = json.dumps({"model": "claude-opus-4-8", "content": TURN, "stop_reason": "tool_use"}).encode()
    output = json.loads(converted(answer, "messages", "responses"))["output"]
    results = [{"type": "function_call_output", "call_id": f"toolu_{n}", "output": "ok"} for n in (1, 2)]
    tools = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in "fg"]
    request = {"model": "claude-opus-4-8", "reasoning": {"effort": "high"}, "tools": tools}
    request["input"] = [{"role": "user", "content": "Hi"}, *output, *results]
    sent = convert_request(json.dumps(request).encode(), "responses", "messages")
    assert json.loads(sent.body)["messages"][1] == {"role": "assistant", "content": TURN}
    assert sent.dropped == ()


def test_encrypted_reasoning_comes_back_through_a_client_of_messages() -> None:
    said = {**ITEMS[2], "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]}
    answer = {"model": "gpt-5", "status": "completed", "output": [*ITEMS[:2], said, ITEMS[3]]}
    content = json.loads(converted(json.dumps(answer).encode(), "responses", "messages"))["content"]
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "ok"}
    request = {
        "model": "gpt-5",
        "max_tokens": 100,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": content},
            {"role": "user", "content": [result]},
        ],
    }
    sent = convert_request(json.dumps(request).encode(), "messages", "responses")
    assert json.loads(sent.body)["input"][1:-1] == ITEMS
    assert sent.dropped == ()
