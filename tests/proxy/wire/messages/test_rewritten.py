"""Every text of a conversation can be edited where it stands, and what is not edited keeps its bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Edit, Role
from proxy.wire.messages import MessagesRequest
from tests.proxy.wire.channels import applied, edits
from tests.proxy.wire.messages.conversations import ODD, bodies

DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ab"}}


def asked(*content: Any, role: str = "user", **fields: Any) -> MessagesRequest:
    messages = [{"role": role, "content": list(content)}]
    return MessagesRequest.read(json.dumps({"model": "m", "messages": messages, **fields}).encode())


def star(role: Role, text: str) -> list[Edit]:
    return [Edit(0, 1, "*")]


def texts(request: MessagesRequest) -> list[tuple[Role, str]]:
    """All that `rewritten` asks edits for, in its order."""
    found: list[tuple[Role, str]] = []
    for message in request.messages:
        found += [(message.role, message.text)] if message.text else []
        for call in message.calls:
            compact = json.dumps(json.loads(call.arguments), ensure_ascii=False, separators=(",", ":"))
            found += [("assistant", compact)] if compact != "{}" else []
    return found


def shown_in(request: MessagesRequest, asked: list[tuple[Role, str]]) -> bool:
    """Whether all that its messages show was asked for, in its order; thoughts and what was found stand between."""
    remaining = iter(asked)
    return all(text in remaining for text in texts(request))


@given(bodies())
def test_edits_are_asked_for_all_that_the_messages_show(body: bytes) -> None:
    request = MessagesRequest.read(body)
    shown: list[tuple[Role, str]] = []

    def look(role: Role, text: str) -> list[Edit]:
        shown.append((role, text))
        return []

    assert request.rewritten(look) is request
    assert shown_in(request, shown)


@given(bodies(), st.data())
def test_what_is_edited_is_what_the_messages_show(body: bytes, data: st.DataObject) -> None:
    request = MessagesRequest.read(body)
    expected: list[tuple[Role, str]] = []

    def change(role: Role, text: str) -> list[Edit]:
        made = [] if role == "assistant" else data.draw(edits(text))
        expected.append((role, applied(text, made)))
        return made

    changed = request.rewritten(change)
    assert shown_in(changed, expected)
    assert {**json.loads(changed.body), "messages": 0, "system": 0} == {**json.loads(body), "messages": 0, "system": 0}


@pytest.mark.parametrize(
    ("role", "block", "after"),
    [
        ("user", {"type": "text", "text": "ab"}, {"type": "text", "text": "*b"}),
        ("assistant", {"type": "text", "text": "ab"}, {"type": "text", "text": "*b"}),
        ("user", DOCUMENT, {"type": "document", "source": {**DOCUMENT["source"], "data": "*b"}}),  # type: ignore[dict-item]  # It is one.
        ("user", {**DOCUMENT, "title": "T"}, {**DOCUMENT, "title": "*"}),
        (
            "user",
            {"type": "document", "source": {"type": "content", "content": "ab"}},
            {"type": "document", "source": {"type": "content", "content": "*b"}},
        ),
        (
            "user",
            {"type": "search_result", "source": "u", "title": "", "content": [{"type": "text", "text": "ab"}]},
            {"type": "search_result", "source": "u", "title": "", "content": [{"type": "text", "text": "*b"}]},
        ),
        (
            "user",
            {"type": "tool_result", "tool_use_id": "t", "content": "ab"},
            {"type": "tool_result", "tool_use_id": "t", "content": "*b"},
        ),
        (
            "user",
            {"type": "tool_result", "tool_use_id": "t", "content": [DOCUMENT]},
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "document", "source": {**DOCUMENT["source"], "data": "*b"}}],  # type: ignore[dict-item]
            },
        ),
    ],
)
def test_each_text_is_edited_where_it_stands(role: str, block: Any, after: Any) -> None:
    request = asked(block, role=role)
    assert json.loads(request.rewritten(star).body)["messages"] == [{"role": role, "content": [after]}]
    assert request.messages[0].text


@pytest.mark.parametrize(
    "content",
    [
        "ab",
        [{"type": "text", "text": "ab"}],
        [{"type": "web_search_result", "url": "u", "title": "ab", "encrypted_content": "x"}],
        {"type": "web_fetch_result", "url": "u", "content": DOCUMENT},
        {"type": "code_execution_result", "stdout": "ab", "stderr": "", "return_code": 0, "content": []},
        {"type": "bash_code_execution_result", "stdout": "", "stderr": "ab", "return_code": 1},
        {"type": "text_editor_code_execution_view_result", "file_type": "text", "content": "ab"},
    ],
)
@pytest.mark.parametrize("role", ["assistant", "user"])
def test_what_a_tool_of_the_provider_gave_is_edited_as_a_result(content: Any, role: str) -> None:
    block = {"type": "some_tool_result", "tool_use_id": "t", "content": content}
    after = json.loads(json.dumps(block).replace("ab", "*b"))
    changed = asked(block, role=role).rewritten(lambda role, text: star(role, text) if role == "tool" else [])
    assert json.loads(changed.body)["messages"] == [{"role": role, "content": [after]}]


@pytest.mark.parametrize(
    "block", [{"type": "thinking", "thinking": "ab", "signature": ""}, {"type": "compaction", "content": "ab"}]
)
def test_thoughts_that_nobody_signed_are_edited(block: Any) -> None:
    after = json.loads(json.dumps(block).replace("ab", "*b"))
    assert json.loads(asked(block, role="assistant").rewritten(star).body)["messages"][0]["content"] == [after]


@pytest.mark.parametrize(
    ("system", "after"),
    [
        ("ab", "*b"),
        ([{"type": "text", "text": "ab", "cache_control": {}}], [{"type": "text", "text": "*b", "cache_control": {}}]),
    ],
)
def test_the_system_prompt_is_edited_as_any_text(system: Any, after: Any) -> None:
    assert json.loads(asked(system=system).rewritten(star).body)["system"] == after


@pytest.mark.parametrize(
    ("edit", "input"),
    [
        (Edit(6, 10, "***"), {"x": "***"}),
        (Edit(0, 1, "*"), {"text": '*"x":"sk-1"}'}),
        (Edit(0, 12, ""), {"text": ""}),
    ],
)
def test_the_input_of_a_call_stays_an_object(edit: Edit, input: Any) -> None:
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"x": "sk-1"}}
    changed = asked(call, role="assistant").rewritten(lambda role, text: [edit])
    assert json.loads(changed.body)["messages"][0]["content"] == [{**call, "input": input}]


def test_what_is_signed_is_not_touched() -> None:
    signed = [{"type": "thinking", "thinking": "ab", "signature": "s"}, {"type": "redacted_thinking", "data": "ab"}]
    request = asked(*signed, role="assistant")
    assert request.rewritten(star) is request


def test_a_block_that_is_edited_away_is_left_out() -> None:
    said = [{"type": "text", "text": text} for text in ("a", "b")]
    changed = asked(*said).rewritten(lambda role, text: [Edit(0, 2, "***")])
    assert json.loads(changed.body)["messages"][0]["content"] == [{"type": "text", "text": "***"}]


def test_what_is_not_edited_keeps_its_bytes() -> None:
    body = (
        b'{"model": "m", "n" : 1.0, "messages": [{"role":  "user", "content": "a"}, {"role": "user", "content": "b"}]}'
    )
    changed = MessagesRequest.read(body).rewritten(lambda role, text: star(role, text) if text == "b" else [])
    assert changed.body == (
        b'{"model":"m","n":1.0,"messages":[{"role":  "user", "content": "a"},{"role":"user","content":"*"}]}'
    )


@given(ODD, ODD)
def test_texts_of_no_known_shape_do_not_stop_it(content: Any, system: Any) -> None:
    body = json.dumps({"model": "m", "system": system, "messages": [{"role": "user", "content": content}]})
    json.loads(MessagesRequest.read(body.encode()).rewritten(star).body)
