"""Whole requests as agents send them, to upstreams that speak another API."""

import json

from proxy.wire.convert.request import offered_tools
from tests.proxy.wire.convert.requests.converting import sent

CODEX = {
    "model": "small-instruct",
    "instructions": "You are a coding agent.",
    "input": [
        {
            "type": "additional_tools",
            "role": "developer",
            "tools": [
                {
                    "type": "custom",
                    "name": "exec",
                    "description": "Runs a script.",
                    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
                }
            ],
        },
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Stay in the sandbox."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List the files."}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I list."}], "encrypted_content": "gAAAA"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "One moment."}]},
        {"type": "custom_tool_call", "call_id": "c1", "name": "exec", "input": 'ls "src"'},
        {
            "type": "function_call",
            "call_id": "c2",
            "name": "read",
            "namespace": "mcp__files",
            "arguments": '{"path": "a", "n": 1.0}',
        },
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "main.py"},
        {"type": "function_call_output", "call_id": "c2", "output": "text"},
    ],
    "tools": [
        {"type": "web_search", "external_web_access": False},
        {
            "type": "namespace",
            "name": "mcp__files",
            "description": "Files.",
            "tools": [{"type": "function", "name": "read", "parameters": {"type": "object"}, "strict": False}],
        },
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "thread",
}


def test_codex_works_with_an_upstream_that_speaks_only_chat() -> None:
    body, dropped = sent(CODEX, "responses", "chat")
    assert body["messages"] == [
        {"role": "system", "content": "You are a coding agent.\n\nStay in the sandbox."},
        {"role": "user", "content": "List the files."},
        {
            "role": "assistant",
            "content": "One moment.",
            "reasoning_content": "I list.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "exec", "arguments": '{"input":"ls \\"src\\""}'}},
                {
                    "id": "c2",
                    "type": "function",
                    "function": {"name": "mcp__files__read", "arguments": '{"path": "a", "n": 1.0}'},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "main.py"},
        {"role": "tool", "tool_call_id": "c2", "content": "text"},
    ]
    assert [tool["function"]["name"] for tool in body["tools"]] == ["mcp__files__read", "exec"]
    assert body["stream_options"] == {"include_usage": True}
    assert body["reasoning_effort"] == "medium"
    assert "store" not in body
    assert "include" not in body
    assert dropped == (
        "tools[0]: only the Responses API has web_search; the model has to do without",
        "include[0]: the upstream has no reasoning.encrypted_content",
        "input[3].encrypted_content: only the provider that wrote it can read it",
        "reasoning.summary: the chat API does not choose how reasoning is told",
    )


def test_the_calls_an_upstream_makes_are_known_again_as_codex_knows_them() -> None:
    body = json.dumps(CODEX).encode()
    tools = offered_tools(body, "responses")
    assert {name: (tool.kind, tool.namespace, tool.name) for name, tool in tools.items()} == {
        "mcp__files__read": ("function", "mcp__files", "read"),
        "exec": ("custom", None, "exec"),
    }
    assert {name for name, tool in offered_tools(body, "responses").items() if tool.kind == "custom"} == {"exec"}


CLAUDE_CODE = {
    "model": "small-instruct",
    "max_tokens": 32000,
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=a5145;"},
        {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
    ],
    "messages": [
        {"role": "user", "content": "List the files."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "I list.", "signature": "sealed"},
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "main.py", "is_error": False},
                {"type": "text", "text": "Now read it.", "cache_control": {"type": "ephemeral"}},
            ],
        },
    ],
    "tools": [{"name": "Bash", "description": "Runs.", "input_schema": {"type": "object"}}],
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "high"},
    "metadata": {"user_id": "someone"},
    "stream": True,
}


def test_a_claude_style_agent_works_with_an_upstream_that_speaks_only_chat() -> None:
    body, dropped = sent(CLAUDE_CODE, "messages", "chat")
    assert body == {
        "model": "small-instruct",
        "messages": [
            {"role": "system", "content": "You are a coding agent."},
            {"role": "user", "content": "List the files."},
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "I list.",
                "tool_calls": [
                    {
                        "id": "toolu_1",
                        "type": "function",
                        "function": {"name": "Bash", "arguments": '{"command": "ls"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "toolu_1", "content": "main.py"},
            {"role": "user", "content": "Now read it."},
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": "Bash", "description": "Runs.", "parameters": {"type": "object"}},
            }
        ],
        "max_tokens": 32000,
        "reasoning_effort": "high",
        "user": "someone",
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert [entry.split(":")[0] for entry in dropped] == [
        "system[0]",
        "system.cache_control and 1 more",
        "messages[1].content[0].signature",
    ]
