"""Reasoning in converted answers: shown, and carried to where it came from."""

import json
from typing import Any

import pytest

from proxy.wire.convert.answer import convert_answer
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.requests.losses import Losses
from tests.proxy.wire.convert.chunks import chunk
from tests.proxy.wire.convert.order import check_messages, check_responses, parsed
from tests.proxy.wire.convert.speaking import SPEECH, converted, streamed

SUMMARY = b'{"model":"any","input":"Hi","reasoning":{"summary":"auto"}}'
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "aGlkZGVu"}
SIGNED_ALONE = {"type": "thinking", "thinking": "", "signature": "c2ln"}


def message(*blocks: dict[str, Any]) -> bytes:
    return json.dumps({"model": "small", "content": blocks, "stop_reason": "end_turn"}).encode()


def response(*items: dict[str, Any]) -> bytes:
    return json.dumps({"model": "small", "status": "completed", "output": items}).encode()


def block_events(block: dict[str, Any], *deltas: dict[str, Any]) -> list[bytes]:
    events = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
    ]
    return [json.dumps(event).encode() for event in events]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_of_open_models_is_an_items_text(name: str) -> None:
    events = parsed(
        streamed([chunk({name: "H"}), chunk({name: "m."}), chunk({"content": "Yes"}, "stop")], "chat", "responses")
    )
    check_responses(events)
    thought, said = events[-1]["response"]["output"]
    assert thought["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert thought["summary"] == []
    assert said["content"][0]["text"] == "Yes"


def test_whoever_asks_for_a_summary_is_shown_the_reasoning_as_one() -> None:
    events = parsed(streamed([chunk({"reasoning_content": "Hm."}, "stop")], "chat", "responses", SUMMARY))
    check_responses(events)
    assert "response.reasoning_summary_text.delta" in [event["type"] for event in events]
    (thought,) = events[-1]["response"]["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert "content" not in thought


def test_reasoning_in_parts_of_the_content_is_told_apart_from_the_text() -> None:
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Yes"}]
    whole = json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}).encode()
    thinking, text = json.loads(converted(whole, "chat", "messages"))["content"]
    assert (thinking["thinking"], text["text"]) == ("Hm.", "Yes")


def test_paragraphs_of_a_summary_are_one_thought_elsewhere() -> None:
    summary = [{"type": "summary_text", "text": text} for text in ("**One**", "**Two**")]
    item = {"type": "reasoning", "id": "rs_1", "summary": summary}
    told = json.loads(converted(response(item), "responses", "chat"))
    assert told["choices"][0]["message"]["reasoning_content"] == "**One**\n\n**Two**"


def test_thinking_without_a_signature_has_an_empty_one() -> None:
    events = parsed(streamed([chunk({"reasoning_content": "Hm."}, "stop")], "chat", "messages"))
    check_messages(events)
    assert events[1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    assert [event["delta"]["type"] for event in events if event["type"] == "content_block_delta"] == ["thinking_delta"]


@pytest.mark.parametrize("block", [THINKING, REDACTED, SIGNED_ALONE], ids=["signed", "redacted", "signature alone"])
def test_anthropics_seals_pass_through_responses_unharmed(block: dict[str, Any]) -> None:
    there = converted(message(block), "messages", "responses")
    assert json.loads(there)["output"][0]["encrypted_content"].startswith("burnish:anthropic")
    assert json.loads(converted(there, "responses", "messages"))["content"] == [block]


@pytest.mark.parametrize("summary", [[], [{"type": "summary_text", "text": "Hm."}]], ids=["hidden", "shown"])
def test_openais_seals_pass_through_messages_unharmed(summary: list[dict[str, Any]]) -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "Z0FB"}
    there = converted(response(item), "responses", "messages")
    back = json.loads(convert_answer(there, "messages", "responses", asked=SUMMARY, id="0f", created=1))
    assert back["output"][0]["encrypted_content"] == "Z0FB"
    assert back["output"][0]["summary"] == summary


@pytest.mark.parametrize(
    ("events", "block"),
    [
        (
            block_events(
                {"type": "thinking", "thinking": "", "signature": ""},
                {"type": "thinking_delta", "thinking": "Hm."},
                {"type": "signature_delta", "signature": "c2ln"},
            ),
            THINKING,
        ),
        (block_events(REDACTED), REDACTED),
        (
            block_events(
                {"type": "thinking", "thinking": "", "signature": ""}, {"type": "signature_delta", "signature": "c2ln"}
            ),
            SIGNED_ALONE,
        ),
    ],
    ids=["signed", "redacted", "signature alone"],
)
def test_streamed_seals_pass_as_well(events: list[bytes], block: dict[str, Any]) -> None:
    there = streamed(events, "messages", "responses")
    check_responses(parsed(there))
    back = streamed(there, "responses", "messages")
    check_messages(parsed(back))
    assert json.loads(SPEECH["messages"].join(back))["content"] == [block]


@pytest.mark.parametrize("source", ["messages", "responses"])
def test_that_chat_has_no_place_for_a_seal_is_noted(source: Api) -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "Z0FB"}
    body = message(THINKING) if source == "messages" else response(item)
    losses = Losses()
    convert_answer(body, source, "chat", asked=b'{"model":"any","messages":[]}', id="0f", created=1, losses=losses)
    assert losses.told() == ("reasoning: chat completions has no place for its signature",)
