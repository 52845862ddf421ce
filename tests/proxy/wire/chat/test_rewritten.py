"""Every text of a conversation can be edited where it stands, and what is not edited keeps its bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Edit, Role
from proxy.wire.chat import ChatCompletionsRequest
from tests.proxy.wire.answers import NAMES
from tests.proxy.wire.channels import applied, edits

WORDS = st.text(max_size=5)
PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": WORDS})
    | st.fixed_dictionaries({"type": st.just("refusal"), "refusal": WORDS})
    | st.fixed_dictionaries({"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": WORDS})}),
    max_size=3,
)
CALLED = st.fixed_dictionaries({"name": NAMES, "arguments": WORDS})
CALLS = st.lists(
    st.fixed_dictionaries({"id": NAMES, "type": st.just("function"), "function": CALLED})
    | st.fixed_dictionaries(
        {"id": NAMES, "type": st.just("custom"), "custom": st.fixed_dictionaries({"name": NAMES, "input": WORDS})}
    ),
    max_size=2,
)
CONVERSATIONS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"])},
        optional={
            "content": st.none() | WORDS | PARTS,
            "refusal": st.none() | WORDS,
            "tool_calls": CALLS,
            "function_call": CALLED,
            "x_unknown": WORDS,
        },
    ),
    max_size=4,
)


def asked(*messages: dict[str, Any]) -> ChatCompletionsRequest:
    return ChatCompletionsRequest.read(json.dumps({"model": "m", "messages": messages}).encode())


def texts(request: ChatCompletionsRequest) -> list[tuple[Role, str]]:
    """All that `rewritten` asks edits for, in its order."""
    found: list[tuple[Role, str]] = []
    for message in request.messages:
        found += [(message.role, message.text)] if message.text else []
        found += [("assistant", call.arguments) for call in message.calls if call.arguments]
    return found


@given(CONVERSATIONS)
def test_edits_are_asked_for_all_that_the_messages_show(conversation: list[dict[str, Any]]) -> None:
    request = asked(*conversation)
    shown: list[tuple[Role, str]] = []

    def look(role: Role, text: str) -> list[Edit]:
        shown.append((role, text))
        return []

    assert request.rewritten(look) is request
    assert shown == texts(request)


@given(CONVERSATIONS, st.data())
def test_what_is_edited_is_what_the_messages_show(conversation: list[dict[str, Any]], data: st.DataObject) -> None:
    request = asked(*conversation)
    expected: list[tuple[Role, str]] = []

    def change(role: Role, text: str) -> list[Edit]:
        made = data.draw(edits(text))
        expected.append((role, applied(text, made)))
        return made

    changed = request.rewritten(change)
    assert texts(changed) == [(role, text) for role, text in expected if text]
    assert list(changed.roles) == list(request.roles)


@pytest.mark.parametrize(
    ("message", "after"),
    [
        ({"role": "user", "content": "ab"}, {"role": "user", "content": "*b"}),
        ({"role": "system", "content": "ab"}, {"role": "system", "content": "*b"}),
        (
            {"role": "tool", "tool_call_id": "c", "content": "ab"},
            {"role": "tool", "tool_call_id": "c", "content": "*b"},
        ),
        ({"role": "assistant", "refusal": "ab"}, {"role": "assistant", "refusal": "*b"}),
        (
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "x"}, {"type": "text", "text": "b"}]},
            {"role": "user", "content": [{"type": "text", "text": "*"}, {"type": "x"}, {"type": "text", "text": "b"}]},
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "ab"}}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "*b"}}]},
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "custom": {"name": "f", "input": "ab"}}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "custom": {"name": "f", "input": "*b"}}]},
        ),
        (
            {"role": "assistant", "function_call": {"name": "f", "arguments": "ab"}},
            {"role": "assistant", "function_call": {"name": "f", "arguments": "*b"}},
        ),
        (
            {"role": "assistant", "reasoning_content": "ab", "content": ""},
            {"role": "assistant", "reasoning_content": "*b", "content": ""},
        ),
        ({"role": "assistant", "reasoning": "ab"}, {"role": "assistant", "reasoning": "*b"}),
        (
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "ab"}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "*b"}]},
        ),
        (
            {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "ab"}]}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "*b"}]}]},
        ),
        (
            {"role": "assistant", "reasoning_details": [{"type": "reasoning.text", "text": "ab", "signature": None}]},
            {"role": "assistant", "reasoning_details": [{"type": "reasoning.text", "text": "*b", "signature": None}]},
        ),
        (
            {"role": "assistant", "reasoning_details": [{"type": "reasoning.text", "text": "ab", "signature": "s"}]},
            {"role": "assistant", "reasoning_details": [{"type": "reasoning.text", "text": "ab", "signature": "s"}]},
        ),
    ],
)
def test_each_text_is_edited_where_it_stands(message: dict[str, Any], after: dict[str, Any]) -> None:
    changed = asked(message).rewritten(lambda role, text: [Edit(0, 1, "*")])
    assert json.loads(changed.body)["messages"] == [after]


@pytest.mark.parametrize("call", [{"tool_calls": 1}, {"function_call": 1}], ids=str)
def test_arguments_that_are_an_object_are_edited_and_stay_one(call: dict[str, Any]) -> None:
    def calling(what: str) -> dict[str, Any]:
        called = {"name": "f", "arguments": {"what": what}}
        return {"tool_calls": [{"function": called}]} if "tool_calls" in call else {"function_call": called}

    changed = asked({"role": "assistant", **calling("sk-1")}).rewritten(lambda role, text: [Edit(9, 13, "***")])
    assert json.loads(changed.body)["messages"] == [{"role": "assistant", **calling("***")}]


def test_what_is_not_edited_keeps_its_bytes() -> None:
    body = (
        b'{"model": "m", "n" : 1.0, "messages": [{"role":  "user", "content": "a"}, {"role": "user", "content": "b"}]}'
    )
    changed = ChatCompletionsRequest.read(body).rewritten(lambda role, text: [Edit(0, 1, "c")] if text == "b" else ())
    assert changed.body == (
        b'{"model":"m","n":1.0,"messages":[{"role":  "user", "content": "a"},{"role":"user","content":"c"}]}'
    )


def test_texts_of_no_known_shape_are_left_alone() -> None:
    request = asked({"role": "user", "content": [1, "a", {"text": 2}], "tool_calls": 7, "function_call": []})
    assert request.rewritten(lambda role, text: [Edit(0, 1, "*")]) is request
