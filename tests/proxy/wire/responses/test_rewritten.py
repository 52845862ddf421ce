"""Every text of a conversation can be edited where it stands, and what is not edited keeps its bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Edit, Role
from proxy.wire.responses import ResponsesRequest
from tests.proxy.wire.answers import JSON
from tests.proxy.wire.channels import applied, edits
from tests.proxy.wire.responses.answers import WORDS, responses

PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("input_text"), "text": WORDS})
    | st.fixed_dictionaries({"type": st.just("input_image"), "image_url": WORDS}),
    max_size=3,
)
SAID = st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "developer"]), "content": WORDS | PARTS})
RESULT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["function_call_output", "custom_tool_call_output"]),
        "call_id": WORDS,
        "output": WORDS | PARTS,
    }
)


@st.composite
def requests(draw: st.DrawFn) -> ResponsesRequest:
    items = [
        *draw(st.lists(SAID | RESULT, max_size=3)),
        *draw(responses())["output"],
        *draw(st.lists(SAID, max_size=1)),
    ]
    body = {
        "model": "m",
        "input": draw(WORDS) if draw(st.booleans()) else items,
        "instructions": draw(st.none() | WORDS),
    }
    return ResponsesRequest.read(json.dumps(body).encode())


def star(role: Role, text: str) -> list[Edit]:
    return [Edit(0, 1, "*")]


def texts(request: ResponsesRequest) -> list[tuple[Role, str]]:
    """All that `rewritten` asks edits for, in its order."""
    found: list[tuple[Role, str]] = []
    for message in request.messages:
        found += [(message.role, message.text)] if message.text else []
        found += [("assistant", call.arguments) for call in message.calls if call.arguments]
    return found


def shown_in(request: ResponsesRequest, asked: list[tuple[Role, str]]) -> bool:
    """Whether all that its messages show was asked for, in its order; thoughts and what was found stand between."""
    remaining = iter(asked)
    return all(text in remaining for text in texts(request))


@given(requests())
def test_edits_are_asked_for_all_that_the_messages_show(request: ResponsesRequest) -> None:
    shown: list[tuple[Role, str]] = []

    def look(role: Role, text: str) -> list[Edit]:
        shown.append((role, text))
        return []

    assert request.rewritten(look) is request
    assert shown_in(request, shown)


@given(requests(), st.data())
def test_what_is_edited_is_what_the_messages_show(request: ResponsesRequest, data: st.DataObject) -> None:
    expected: list[tuple[Role, str]] = []

    def change(role: Role, text: str) -> list[Edit]:
        made = data.draw(edits(text))
        expected.append((role, applied(text, made)))
        return made

    changed = request.rewritten(change)
    assert shown_in(changed, expected)


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": "ab"},
        {"role": "user", "content": [{"type": "input_text", "text": "ab"}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "ab"}]},
        {"type": "function_call_output", "call_id": "c", "output": "ab"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "ab"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "ab"},
        {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "ab"},
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "ab"}]},
        {"type": "reasoning", "id": "r", "content": [{"type": "reasoning_text", "text": "ab"}]},
        {"type": "mcp_call", "id": "m", "name": "f", "arguments": "ab"},
        {"type": "mcp_call", "id": "m", "name": "f", "output": "ab"},
        {"type": "mcp_call", "id": "m", "name": "f", "error": "ab"},
        {"type": "mcp_call", "id": "m", "name": "f", "error": {"type": "t", "message": "ab"}},
        {"type": "code_interpreter_call", "id": "i", "code": "ab"},
        {"type": "code_interpreter_call", "id": "i", "outputs": [{"type": "logs", "logs": "ab"}]},
        {"type": "file_search_call", "id": "s", "results": [{"file_id": "f", "text": "ab"}]},
        {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "ab", "outcome": {}}]},
        {"type": "shell_call_output", "call_id": "c", "output": [{"stderr": "ab", "outcome": {}}]},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True, "reason": "ab"},
    ],
)
def test_each_text_is_edited_where_it_stands(item: Any) -> None:
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": [item]}).encode())
    after = json.loads(json.dumps(item).replace("ab", "*b"))
    assert json.loads(request.rewritten(star).body)["input"] == [after]


def test_instructions_and_an_input_of_text_are_edited() -> None:
    request = ResponsesRequest.read(b'{"model": "m", "n" : 1.0, "instructions": "ab", "input": "cd"}')
    assert request.rewritten(star).body == b'{"model":"m","n":1.0,"instructions":"*b","input":"*d"}'


def test_what_is_not_edited_keeps_its_bytes() -> None:
    body = b'{"model":"m","input":[{"role":  "user", "content": "a"},{"role":"user","content":"b"}]}'
    changed = ResponsesRequest.read(body).rewritten(lambda role, text: star(role, text) if text == "b" else [])
    assert changed.body == b'{"model":"m","input":[{"role":  "user", "content": "a"},{"role":"user","content":"*"}]}'


@pytest.mark.parametrize("type", ["web_search_call", "local_shell_call", "shell_call", "computer_call"])
def test_what_a_call_does_is_edited_and_stays_an_object(type: str) -> None:
    item = {"type": type, "id": "i", "action": {"type": "a", "query": "sk-1"}}
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": [item]}).encode())
    changed = request.rewritten(lambda role, text: [Edit(text.index("sk-1"), text.index("sk-1") + 4, "***")])
    assert json.loads(changed.body)["input"] == [{**item, "action": {"type": "a", "query": "***"}}]


def test_what_the_provider_found_is_a_result_and_stands_before_what_the_model_made_of_it() -> None:
    items = [
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "thought"}]},
        {"type": "mcp_call", "id": "m", "name": "f", "arguments": "asked", "output": "found"},
        {"role": "assistant", "content": "said"},
    ]
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": items}).encode())
    asked: list[tuple[Role, str]] = []

    def look(role: Role, text: str) -> list[Edit]:
        asked.append((role, text))
        return []

    request.rewritten(look)
    assert asked == [("assistant", "thought"), ("tool", "found"), ("assistant", "said"), ("assistant", "asked")]


def test_what_is_encrypted_of_reasoning_is_not_touched() -> None:
    item = {
        "type": "reasoning",
        "id": "r",
        "summary": [{"type": "summary_text", "text": "a"}],
        "encrypted_content": "x",
    }
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": [item]}).encode())
    after = {**item, "summary": [{"type": "summary_text", "text": "*"}]}
    assert json.loads(request.rewritten(star).body)["input"] == [after]


@given(st.lists(st.dictionaries(st.sampled_from(["type", "role", "content", "output", "arguments"]), JSON), max_size=3))
def test_texts_of_no_known_shape_do_not_stop_it(items: list[Any]) -> None:
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": items}).encode())
    json.loads(request.rewritten(star).body)
