"""Guardrails before providers that stream in unusual ways: text that no delta tells passes the rules all the same."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.test_guardrails import REFUSAL, TOKEN, guarded
from tests.proxy.edge.ways import Way
from tests.support.speaking import CHAT, MESSAGES, RESPONSES
from tests.support.upstream import Answer, Upstream

MASKED = "[secret: github token]"
SAYS = f"use {TOKEN} for it"
CALLS = json.dumps({"what": SAYS})
ANY_ACTION = pytest.mark.parametrize("action", ["rewrite", "block"])


def response(*output: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": output}


MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": SAYS, "annotations": []}],
}
CALL = {"id": "fc_1", "type": "function_call", "call_id": "c", "name": "save", "arguments": CALLS, "status": "x"}
REASONING = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": SAYS}]}
SHELL = {"id": "ls_1", "type": "local_shell_call", "call_id": "d", "action": {"command": [SAYS]}, "status": "x"}
ITEMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a message": (MESSAGE, {**MESSAGE, "content": []}),
    "a call": (CALL, {**CALL, "arguments": ""}),
    "a call without an id": ({**CALL, "id": None}, {**CALL, "id": None, "arguments": ""}),
    "reasoning": (REASONING, {**REASONING, "summary": []}),
    "a command": (SHELL, {**SHELL, "action": {}}),
}


def event(type: str, **fields: Any) -> dict[str, Any]:
    return {"type": type, **fields}


def told_late(item: dict[str, Any], begun: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    created = event("response.created", response=response(status="in_progress"))
    added = event("response.output_item.added", output_index=0, item=begun)
    done = event("response.output_item.done", output_index=0, item=item)
    completed = event("response.completed", response=response(item))
    text = event("response.function_call_arguments.done", output_index=0, item_id="fc_1", arguments=CALLS)
    text_done = [text] if item.get("name") else []
    return {
        "in the end of its text": [created, added, *text_done, done, completed],
        "in its end": [created, added, done, completed],
        "in its beginning": [created, {**added, "item": item}, done, completed],
        "in an end without a beginning": [created, done, completed],
        "in the response that ends": [created, completed],
        "in the response that begins": [event("response.created", response=response(item)), completed],
    }


LATE = [
    pytest.param(stream, id=f"{kind} {place}")
    for kind, (item, begun) in ITEMS.items()
    for place, stream in told_late(item, begun).items()
]


def streamed(events: Sequence[dict[str, Any]], *, done: bool = False) -> Answer:
    written = [f"event: {each.get('type', 'message')}\ndata: {json.dumps(each)}\n\n".encode() for each in events]
    headers = (("content-type", "text/event-stream"),)
    return Answer(headers=headers, steps=(*written, *([b"data: [DONE]\n\n"] if done else [])), streamed=True)


@ANY_ACTION
@pytest.mark.parametrize("stream", LATE)
async def test_text_of_a_response_that_no_delta_tells_passes_the_rules(
    upstream: Upstream, start: Start, stream: list[dict[str, Any]], action: str
) -> None:
    way = Way(RESPONSES, RESPONSES)
    line = await way.open(start, upstream, agent=guarded(rules={"secrets": {"action": action}}))
    upstream.reply(streamed(stream), to=RESPONSES.path)
    answer = await line.ask(stream=True)
    assert answer.status == 200
    assert TOKEN[8:].encode() not in answer.body
    assert (MASKED if action == "rewrite" else REFUSAL).encode() in answer.body


async def test_a_response_that_fails_does_not_tell_what_the_rules_hold_back(upstream: Upstream, start: Start) -> None:
    line = await Way(RESPONSES, RESPONSES).open(start, upstream, agent=guarded())
    failed = {**response(MESSAGE, status="failed"), "error": {"code": "server_error", "message": "no"}}
    created = event("response.created", response=response(status="in_progress"))
    upstream.reply(streamed([created, event("response.failed", response=failed)]), to=RESPONSES.path)
    answer = await line.ask(stream=True)
    assert TOKEN[8:].encode() not in answer.body
    assert b'"code": "server_error"' in answer.body or b'"code":"server_error"' in answer.body


def message(*content: dict[str, Any]) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": "end_turn",
        "usage": usage,
    }


BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": SAYS},
    {"type": "tool_use", "id": "t", "name": "save", "input": {"what": SAYS}},
    {"type": "thinking", "thinking": SAYS, "signature": ""},
]
STOPS = [event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1}), event("message_stop")]


def told_early(block: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    begun = event("content_block_start", index=0, content_block=block)
    return {
        "in its beginning": [
            event("message_start", message=message()),
            begun,
            event("content_block_stop", index=0),
            *STOPS,
        ],
        "in a block that never ends": [event("message_start", message=message()), begun, *STOPS],
        "in the message that begins": [event("message_start", message=message(block)), *STOPS],
        "in a message that is whole": [message(block)],
    }


EARLY = [
    pytest.param(stream, id=f"{block['type']} {place}")
    for block in BLOCKS
    for place, stream in told_early(block).items()
]


@ANY_ACTION
@pytest.mark.parametrize("stream", EARLY)
async def test_text_of_a_message_that_no_delta_tells_passes_the_rules(
    upstream: Upstream, start: Start, stream: list[dict[str, Any]], action: str
) -> None:
    line = await Way(MESSAGES, MESSAGES).open(start, upstream, agent=guarded(rules={"secrets": {"action": action}}))
    upstream.reply(streamed(stream), to=MESSAGES.path)
    answer = await line.ask(stream=True)
    assert answer.status == 200
    assert TOKEN[8:].encode() not in answer.body
    assert (MASKED if action == "rewrite" else REFUSAL).encode() in answer.body


def chunk(**choice: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "finish_reason": "stop", **choice}]}


SAID = {"role": "assistant", "content": SAYS}
CALLED = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f"}}]}
CALLED["tool_calls"][0]["function"]["arguments"] = CALLS  # type: ignore[index]  # It is one.


@ANY_ACTION
@pytest.mark.parametrize("said", [SAID, CALLED], ids=["says", "calls"])
@pytest.mark.parametrize("beside", [{}, {"delta": {}}, {"delta": SAID}, {"delta": None}], ids=str)
async def test_a_message_in_place_of_a_delta_passes_the_rules(
    upstream: Upstream, start: Start, said: dict[str, Any], beside: dict[str, Any], action: str
) -> None:
    line = await Way(CHAT, CHAT).open(start, upstream, agent=guarded(rules={"secrets": {"action": action}}))
    upstream.reply(streamed([chunk(message=said, **beside)], done=True), to=CHAT.path)
    answer = await line.ask(stream=True)
    assert TOKEN[8:].encode() not in answer.body
    assert (MASKED if action == "rewrite" else REFUSAL).encode() in answer.body


@ANY_ACTION
async def test_a_delta_beside_an_empty_message_passes_the_rules(upstream: Upstream, start: Start, action: str) -> None:
    line = await Way(CHAT, CHAT).open(start, upstream, agent=guarded(rules={"secrets": {"action": action}}))
    upstream.reply(streamed([chunk(message={}, delta=SAID)], done=True), to=CHAT.path)
    answer = await line.ask(stream=True)
    assert TOKEN[8:].encode() not in answer.body


WHOLE = {
    CHAT: {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": SAID, "finish_reason": "stop"}]},
    RESPONSES: response(MESSAGE, CALL),
    MESSAGES: message(*BLOCKS),
}


@ANY_ACTION
@pytest.mark.parametrize("language", WHOLE, ids=lambda each: each.name)
@pytest.mark.parametrize("form", ["document", "event"])
async def test_a_whole_answer_where_a_stream_was_asked_for_passes_the_rules(
    upstream: Upstream, start: Start, language: Any, form: str, action: str
) -> None:
    line = await Way(language, language).open(start, upstream, agent=guarded(rules={"secrets": {"action": action}}))
    whole = WHOLE[language]
    document = Answer(200, (("content-type", "application/json"),), (json.dumps(whole).encode(),))
    upstream.reply(document if form == "document" else streamed([whole], done=True), to=language.path)
    answer = await line.ask(stream=True)
    assert answer.status == 200
    assert TOKEN[8:].encode() not in answer.body
    assert (MASKED if action == "rewrite" else REFUSAL).encode() in answer.body
