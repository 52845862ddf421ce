"""Guardrails over all that a model reads of a conversation: thoughts, arguments, and what its provider's tools gave."""

from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.test_guardrails import TOKEN, guarded
from tests.proxy.edge.ways import Way
from tests.support.speaking import CHAT, MESSAGES, RESPONSES, Language
from tests.support.upstream import Upstream, document

SAID = f"it is {TOKEN}"
PARTS = [{"type": "text", "text": SAID}]


def chat(**fields: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": "ok", **fields}
    return {"messages": [{"role": "user", "content": "hi"}, said, {"role": "user", "content": "and?"}]}


def responses(**item: Any) -> dict[str, Any]:
    said = {"type": "message", "role": "assistant", "content": "ok"}
    return {"input": [{"role": "user", "content": "hi"}, {"id": "i", **item}, said, {"role": "user", "content": "?"}]}


def messages(**block: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": [block, {"type": "text", "text": "ok"}]}
    return {"messages": [{"role": "user", "content": "hi"}, said, {"role": "user", "content": "and?"}]}


def called(name: str, **called: Any) -> dict[str, Any]:
    return {"tool_calls": [{"id": "c", "type": name, name: {"name": "f", **called}}]}


HISTORIES = {
    "reasoning_content": (CHAT, chat(reasoning_content=SAID)),
    "reasoning": (CHAT, chat(reasoning=SAID)),
    "a thought in parts": (CHAT, chat(content=[{"type": "thinking", "thinking": PARTS}])),
    "a refusal": (CHAT, chat(refusal=SAID)),
    "a refusal in parts": (CHAT, chat(content=[{"type": "refusal", "refusal": SAID}])),
    "arguments": (CHAT, chat(**called("function", arguments=f'{{"a": "{SAID}"}}'))),
    "arguments that are an object": (CHAT, chat(**called("function", arguments={"a": SAID}))),
    "input": (CHAT, chat(**called("custom", input=SAID))),
    "a summary": (RESPONSES, responses(type="reasoning", summary=[{"type": "summary_text", "text": SAID}])),
    "open reasoning": (RESPONSES, responses(type="reasoning", content=[{"type": "reasoning_text", "text": SAID}])),
    "a custom tool's input": (RESPONSES, responses(type="custom_tool_call", call_id="c", name="f", input=SAID)),
    "an action": (RESPONSES, responses(type="local_shell_call", call_id="c", action={"command": [SAID]})),
    "what an mcp server gave": (RESPONSES, responses(type="mcp_call", name="f", arguments="{}", output=SAID)),
    "logs": (RESPONSES, responses(type="code_interpreter_call", outputs=[{"type": "logs", "logs": SAID}])),
    "found files": (RESPONSES, responses(type="file_search_call", results=[{"file_id": "f", "text": SAID}])),
    "an open thought": (MESSAGES, messages(type="thinking", thinking=SAID, signature="")),
    "what a server's tool gave": (MESSAGES, messages(type="mcp_tool_result", tool_use_id="t", content=PARTS)),
    "a fetched page": (
        MESSAGES,
        messages(
            type="web_fetch_tool_result",
            tool_use_id="t",
            content={
                "type": "web_fetch_result",
                "url": "u",
                "content": {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": SAID}},
            },
        ),
    ),
    "what code wrote": (
        MESSAGES,
        messages(
            type="code_execution_tool_result",
            tool_use_id="t",
            content={"type": "code_execution_result", "stdout": SAID, "stderr": "", "return_code": 0, "content": []},
        ),
    ),
}


ANSWERS: dict[Language, Any] = {
    CHAT: {"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}}]},
    RESPONSES: {"id": "r", "object": "response", "status": "completed", "output": []},
    MESSAGES: {"id": "m", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "ok"}]},
}
"""Of a provider that takes any conversation."""


@pytest.mark.parametrize("action", ["rewrite", "block"])
@pytest.mark.parametrize(("language", "history"), HISTORIES.values(), ids=HISTORIES)
async def test_no_secret_of_the_history_reaches_the_provider(
    upstream: Upstream, start: Start, language: Language, history: dict[str, Any], action: str
) -> None:
    """What was refused once is taken out of the conversation, that it may go on."""
    line = await Way(language, language).open(start, upstream, agent=guarded(rules={"secrets": {"action": action}}))
    upstream.reply(document(ANSWERS[language]), to=language.path)
    answer = await line.proxy.post({"model": "small", "max_tokens": 9, **history}, path=language.path)
    assert answer.status == 200, answer.body
    (request,) = upstream.requests
    assert TOKEN[8:].encode() not in request.body
    assert b"[secret: github token]" in request.body
