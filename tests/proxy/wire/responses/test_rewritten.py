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


@given(requests())
def test_edits_are_asked_for_all_that_the_messages_show(request: ResponsesRequest) -> None:
    shown: list[tuple[Role, str]] = []

    def look(role: Role, text: str) -> list[Edit]:
        shown.append((role, text))
        return []

    assert request.rewritten(look) is request
    assert shown == texts(request)


@given(requests(), st.data())
def test_what_is_edited_is_what_the_messages_show(request: ResponsesRequest, data: st.DataObject) -> None:
    expected: list[tuple[Role, str]] = []

    def change(role: Role, text: str) -> list[Edit]:
        made = data.draw(edits(text))
        expected.append((role, applied(text, made)))
        return made

    changed = request.rewritten(change)
    assert texts(changed) == [(role, text) for role, text in expected if text]


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


def test_reasoning_is_not_touched() -> None:
    item = {
        "type": "reasoning",
        "id": "r",
        "summary": [{"type": "summary_text", "text": "a"}],
        "encrypted_content": "x",
    }
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": [item]}).encode())
    assert request.rewritten(star) is request


@given(st.lists(st.dictionaries(st.sampled_from(["type", "role", "content", "output", "arguments"]), JSON), max_size=3))
def test_texts_of_no_known_shape_do_not_stop_it(items: list[Any]) -> None:
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": items}).encode())
    json.loads(request.rewritten(star).body)
