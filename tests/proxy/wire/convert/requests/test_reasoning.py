"""What a model thought before, and how much it is to think now."""

from typing import Any

import pytest

from proxy.wire.convert.conversation import Seal
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.sealed import labelled, opened
from tests.proxy.wire.convert.requests.converting import HI, assistant, chat, messages, responses, sent, user

CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
DONE = {"type": "function_call_output", "call_id": "a", "output": "done"}
THOUGHT = {"type": "reasoning", "id": "rs", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}


def sealed(value: str, text: str = "") -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": text}] if text else []
    return {"type": "reasoning", "id": "rs", "summary": summary, "encrypted_content": value}


def test_chat_is_told_what_the_model_thought_on_the_way_to_a_call() -> None:
    body, dropped = sent(responses(HI, THOUGHT, CALL, DONE), "responses", "chat")
    assert body["messages"][1]["reasoning_content"] == "Hm."
    assert dropped == ()


def test_chat_is_not_told_what_the_model_thought_on_the_way_to_an_answer() -> None:
    body, dropped = sent(responses(HI, THOUGHT, assistant("Yes."), HI), "responses", "chat")
    assert body["messages"][1] == assistant("Yes.")
    assert dropped == ("input[1]: reasoning is told again only before a tool call",)


def test_thoughts_between_parallel_calls_are_told_together() -> None:
    items = [HI, THOUGHT, CALL, sealed("x", "And that."), {**CALL, "call_id": "b"}, DONE, {**DONE, "call_id": "b"}]
    body, dropped = sent(responses(*items), "responses", "chat")
    assert body["messages"][1]["reasoning_content"] == "Hm.\n\nAnd that."
    assert len(body["messages"][1]["tool_calls"]) == 2
    assert dropped == ("input[3].encrypted_content: only the provider that wrote it can read it",)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_in_chat_is_known_by_both_its_names(field: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    talk = chat(HI, assistant(None, tool_calls=[call], **{field: "Hm."}))
    body, _ = sent(talk, "chat", "responses", plain_reasoning=True)
    assert body["input"][1]["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    body, _ = sent(talk, "chat", "messages", plain_reasoning=True)
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": ""}


def test_reasoning_without_a_seal_is_left_out_where_the_upstream_would_refuse_it() -> None:
    body, dropped = sent(responses(HI, THOUGHT, CALL, DONE), "responses", "messages")
    assert [block["type"] for block in body["messages"][1]["content"]] == ["tool_use"]
    assert dropped == ("input[1]: the upstream takes back only reasoning that it signed itself",)
    talk = messages(HI, assistant([{"type": "thinking", "thinking": "Hm.", "signature": "x"}]), HI)
    body, dropped = sent(talk, "messages", "responses")
    assert len(body["input"]) == 2
    assert dropped == (
        "messages[1].content[0].signature: only the provider that wrote it can read it",
        "messages[1].content[0]: the upstream takes back only reasoning that it sealed itself",
    )


def test_a_signature_comes_back_to_its_provider_through_a_responses_client() -> None:
    kept = labelled(Seal("anthropic", "signature"))
    gone = labelled(Seal("anthropic", "data", redacted=True))
    body, dropped = sent(responses(HI, sealed(kept, "Hm."), sealed(gone), CALL, DONE), "responses", "messages")
    assert body["messages"][1]["content"][:2] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "signature"},
        {"type": "redacted_thinking", "data": "data"},
    ]
    assert dropped == ()


def test_encrypted_reasoning_comes_back_to_its_provider_through_a_messages_client() -> None:
    kept = labelled(Seal("openai", "encrypted"))
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": kept},
        {"type": "redacted_thinking", "data": kept},
        {"type": "text", "text": "Yes."},
    ]
    body, dropped = sent(messages(HI, assistant(blocks), HI), "messages", "responses")
    assert body["input"][1:3] == [
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "encrypted",
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "encrypted"},
    ]
    assert dropped == ()


@pytest.mark.parametrize("seal", [Seal("openai", "a"), Seal("anthropic", "b"), Seal("anthropic", "c", redacted=True)])
def test_a_seal_is_known_again_by_its_label(seal: Seal) -> None:
    assert opened(labelled(seal), "openai") == opened(labelled(seal), "anthropic") == seal
    assert opened("without", "openai") == Seal("openai", "without")


def test_an_effort_is_a_level_for_models_that_decide_how_much_they_think() -> None:
    talk = {**responses(HI, reasoning={"effort": "xhigh", "summary": "detailed"}), "model": "claude-opus-5"}
    body, dropped = sent(talk, "responses", "messages")
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "xhigh"}
    assert dropped == ("reasoning.summary: the Messages API has one kind of summary",)


@pytest.mark.parametrize(("limit", "budget"), [(100_000, 4096), (6000, 3000), (1100, 1024)])
def test_an_effort_is_a_budget_within_the_limit_for_other_models(limit: int, budget: int) -> None:
    talk = {**chat(HI, reasoning_effort="low", max_tokens=limit), "model": "claude-sonnet-4-5"}
    body, _ = sent(talk, "chat", "messages")
    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert "output_config" not in body


def test_no_effort_is_no_thinking() -> None:
    body, _ = sent(chat(HI, reasoning_effort="none"), "chat", "messages")
    assert body["thinking"] == {"type": "disabled"}
    body, _ = sent(messages(HI, thinking={"type": "disabled"}), "messages", "chat")
    assert body["reasoning_effort"] == "none"


@pytest.mark.parametrize(
    ("model", "asked", "told"),
    [
        ("claude-opus-5", "minimal", "low"),
        ("claude-opus-5", "xhigh", "xhigh"),
        ("claude-opus-4-6", "xhigh", "high"),
        ("claude-opus-4-6", "max", "max"),
    ],
)
def test_a_model_of_anthropic_is_asked_for_a_level_that_it_has(model: str, asked: str, told: str) -> None:
    body, dropped = sent({**chat(HI, reasoning_effort=asked), "model": model}, "chat", "messages")
    assert body["output_config"] == {"effort": told}
    assert len(dropped) == (asked != told)


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
TOOL_CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tools": [TOOL], "tool_choice": "required"}, "made to call a tool"),
        ({"max_tokens": 1000}, "more than 1024 tokens"),
        (
            {
                "messages": [
                    HI,
                    assistant(None, tool_calls=[TOOL_CALL]),
                    {"role": "tool", "tool_call_id": "a", "content": "done"},
                ]
            },
            "what it thought before cannot be told again",
        ),
    ],
)
def test_a_model_does_not_think_where_the_api_would_refuse_it(fields: dict[str, Any], why: str) -> None:
    talk = {**chat(HI, reasoning_effort="low"), "model": "claude-sonnet-4-5", **fields}
    body, dropped = sent(talk, "chat", "messages")
    assert "thinking" not in body
    assert [why in entry for entry in dropped] == [True]


@pytest.mark.parametrize(("budget", "level"), [(1024, "low"), (4096, "low"), (10_000, "medium"), (31_999, "high")])
@pytest.mark.parametrize("target", ["chat", "responses"])
def test_a_budget_is_a_level_to_the_openai_apis(target: Api, budget: int, level: str) -> None:
    talk = messages(HI, thinking={"type": "enabled", "budget_tokens": budget})
    body, dropped = sent(talk, "messages", target)
    assert (body["reasoning_effort"] if target == "chat" else body["reasoning"]["effort"]) == level
    assert dropped == ("thinking.budget_tokens: the upstream's API has levels of effort and no budget",)


@pytest.mark.parametrize(
    ("model", "asked", "told"),
    [
        ("gpt-5.2", "xhigh", "xhigh"),
        ("qwen3", "xhigh", "high"),
        ("qwen3", "minimal", "low"),
        ("qwen3", "none", "none"),
        ("o3-mini", "none", "low"),
        ("gpt-5-mini", "none", "low"),
        ("gpt-5.2", "none", "none"),
        ("gpt-4o", "high", None),
        ("openai/gpt-4.1", "high", None),
        ("gpt-oss-20b", "max", "high"),
    ],
)
def test_a_model_is_asked_for_a_level_that_it_has(model: str, asked: str, told: str | None) -> None:
    body, dropped = sent({**responses(HI, reasoning={"effort": asked}), "model": model}, "responses", "chat")
    assert body.get("reasoning_effort") == told
    assert len(dropped) == (asked != told)


def test_thinking_that_the_model_decides_on_needs_no_words() -> None:
    body, dropped = sent(messages(HI, thinking={"type": "adaptive", "display": "summarized"}), "messages", "responses")
    assert body["reasoning"] == {"summary": "auto"}
    assert dropped == ()
    body, _ = sent(messages(user("hi"), thinking={"type": "adaptive"}), "messages", "chat")
    assert "reasoning_effort" not in body
