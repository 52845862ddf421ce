"""What a Responses request holds is read without being changed, and an edit changes what it says and no more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Message, Role, Tool, ToolCall
from proxy.errors import BadRequest
from proxy.wire.responses import ResponsesRequest
from tests.proxy.wire.answers import JSON, NAMES
from tests.proxy.wire.responses.answers import items

PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("input_text"), "text": st.text()})
    | st.fixed_dictionaries({"type": st.just("input_image"), "image_url": st.text()}),
    max_size=3,
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "developer", "user", "assistant"]), "content": st.text() | PARTS},
    optional={"type": st.just("message"), "x_unknown": JSON},
)
OUTPUT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["function_call_output", "shell_call_output"]),
        "call_id": NAMES,
        "output": st.text() | PARTS,
    }
)
ODD = st.fixed_dictionaries({"type": st.text() | JSON}, optional={"id": JSON, "role": JSON, "content": JSON})
REFERENCE = st.fixed_dictionaries({"id": NAMES}, optional={"type": st.just("item_reference")})
INPUT = st.text() | st.lists(MESSAGE | OUTPUT | REFERENCE | ODD | items(7), max_size=4)
KNOWN = {
    "model", "input", "stream", "instructions", "tools", "previous_response_id", "conversation", "store", "background",
    "safety_identifier", "user", "metadata", "max_output_tokens",
}  # fmt: skip
OTHERS = st.dictionaries(st.text().filter(lambda key: key not in KNOWN), JSON, max_size=3)
VIEWS = (
    "question", "results", "tools", "user", "max_tokens", "conversation", "continues", "bound", "stores", "background",
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A request as some client's library writes it."""
    fields: dict[str, Any] = {"model": draw(NAMES), "input": draw(INPUT), **draw(OTHERS)}
    if draw(st.booleans()):
        fields["instructions"] = draw(st.none() | st.text())
    written = json.dumps(
        fields,
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 1])),
        separators=draw(st.sampled_from([(",", ":"), (" , ", " : ")])),
    )
    return written.encode()


def read(**fields: Any) -> ResponsesRequest:
    return ResponsesRequest.read(json.dumps({"model": "m", **fields}).encode())


def read_or_refused(body: bytes) -> ResponsesRequest | BadRequest:
    try:
        return ResponsesRequest.read(body)
    except BadRequest as refused:
        return refused


@given(bodies())
def test_reading_changes_nothing(body: bytes) -> None:
    request = ResponsesRequest.read(body)
    assert len(request.messages) == len(request.roles) == len(request.fingerprints)
    assert [message.role for message in request.messages] == list(request.roles)
    for view in VIEWS:
        getattr(request, view)
    assert request.body == body


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), JSON | INPUT))
def test_whatever_is_asked_is_read_or_refused_in_words(fields: dict[str, Any]) -> None:
    request = read_or_refused(json.dumps(fields).encode())
    if isinstance(request, BadRequest):
        assert (request.param or "").partition("[")[0] in KNOWN
        return
    for view in (*VIEWS, "messages", "fingerprints", "model", "stream"):
        getattr(request, view)
    request.answer("no")
    assert request.with_message("user", "?").with_instructions("!").with_model("x").question == "?"


@given(bodies(), st.text(min_size=1))
def test_another_model_changes_the_model_alone(body: bytes, model: str) -> None:
    changed = ResponsesRequest.read(body).with_model(model)
    assert changed.model == model
    assert json.loads(changed.body) == {**json.loads(body), "model": model}
    assert list(json.loads(changed.body)) == list(json.loads(body))


@given(bodies(), st.text())
def test_a_further_message_leaves_those_before_it(body: bytes, text: str) -> None:
    changed = ResponsesRequest.read(body).with_message("user", text)
    before = json.loads(body)
    given = before["input"]
    if isinstance(given, str):
        given = [{"type": "message", "role": "user", "content": given}]
    assert json.loads(changed.body) == {
        **before,
        "input": [*given, {"type": "message", "role": "user", "content": text}],
    }
    assert changed.question == text


def test_items_before_a_further_message_keep_their_bytes() -> None:
    items = b'[ {"role":"user","content":"caf\\u00e9", "x":1.0e2} ]'
    changed = ResponsesRequest.read(b'{"model":"m","input":' + items + b"}").with_message("system", "now")
    assert items[:-2] in changed.body


@given(bodies(), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_instructions_end_the_instructions_or_make_them(body: bytes, lines: list[str]) -> None:
    changed = ResponsesRequest.read(body).with_instructions(*lines)
    before, after = json.loads(body), json.loads(changed.body)
    assert {**after, "instructions": None} == {**before, "instructions": None}
    assert after["instructions"].startswith(before.get("instructions") or "")
    assert changed.messages[0].role == "system"
    assert changed.messages[0].text.endswith("\n".join(lines))


def test_sampling_is_written_in_the_words_of_the_api() -> None:
    changed = read(input="x").with_sampling({"temperature": 0, "top_p": 0.5, "max_tokens": 9, "seed": 7})
    assert json.loads(changed.body) == {
        "model": "m",
        "input": "x",
        "temperature": 0,
        "top_p": 0.5,
        "max_output_tokens": 9,
    }
    assert changed.max_tokens == 9


def test_a_conversation_is_read_as_messages() -> None:
    request = read(
        instructions="Be brief.",
        input=[
            {"role": "developer", "content": "Be kind."},
            {
                "role": "user",
                "content": [{"type": "input_text", "text": "How "}, {"type": "input_text", "text": "warm?"}],
            },
            {"type": "reasoning", "id": "rs", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"at": 1}'},
            {"type": "custom_tool_call", "call_id": "c2", "name": "grep", "input": "warm"},
            {"type": "function_call_output", "call_id": "c1", "output": "20"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "none"}]},
            {"role": "user", "content": [{"type": "input_image", "image_url": "data:"}]},
        ],
    )
    calls = (ToolCall("c1", "weather", '{"at": 1}'), ToolCall("c2", "grep", "warm"))
    assert request.messages == (
        Message("system", "Be brief."),
        Message("system", "Be kind."),
        Message("user", "How warm?"),
        Message("assistant", "I look.", calls),
        Message("tool", "20", call_id="c1"),
        Message("tool", "none", call_id="c2"),
        Message("user", "", parts=True),
    )
    assert [result.call_id for result in request.results] == ["c1", "c2"]


@pytest.mark.parametrize(
    ("items", "roles"),
    [
        ([{"type": "web_search_call", "id": "ws"}, {"role": "assistant", "content": "x"}], ["assistant"]),
        ([{"type": "local_shell_call"}, {"type": "local_shell_call_output", "id": "l"}], ["assistant", "tool"]),
        ([{"type": "mcp_approval_request"}, {"type": "mcp_approval_response"}], ["assistant", "tool"]),
        ([{"type": "compaction", "encrypted_content": "x"}, {"role": "user", "content": "?"}], ["assistant", "user"]),
        ([{"id": "msg_1"}, {"type": "item_reference", "id": "msg_2"}], ["assistant"]),
        ([{"type": "additional_tools", "role": "developer"}, {"type": "of_tomorrow"}], []),
    ],
)
def test_items_of_every_type_have_their_place(items: list[Any], roles: list[Role]) -> None:
    assert read(input=items).roles == roles


@pytest.mark.parametrize(
    ("fields", "bound"),
    [
        ({"input": "x", "include": ["reasoning.encrypted_content"]}, False),
        ({"input": [{"role": "user", "content": "x"}, {"type": "function_call", "id": "fc", "call_id": "c"}]}, False),
        ({"input": "x", "previous_response_id": "resp_1"}, True),
        ({"input": "x", "conversation": {"id": "conv_1"}}, True),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, True),
        ({"input": [{"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "x"}]}, True),
        ({"input": [{"type": "reasoning", "id": "rs", "summary": [], "content": None}]}, True),
        ({"input": [{"type": "reasoning", "summary": [], "encrypted_content": None}]}, False),
        (
            {
                "input": [
                    {
                        "type": "reasoning",
                        "id": "rs",
                        "summary": [],
                        "content": [{"type": "reasoning_text", "text": "x"}],
                    }
                ]
            },
            False,
        ),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}]}, True),
    ],
)
def test_what_only_one_upstream_can_read_is_bound_to_it(fields: dict[str, Any], bound: bool) -> None:
    assert read(**fields).bound is bound


def test_what_the_document_says_of_the_call_is_read() -> None:
    request = read(
        input="x",
        previous_response_id="resp_1",
        conversation="conv_1",
        metadata={"user_id": "u"},
        max_output_tokens=5,
        store=False,
        background=True,
        tools=[{"type": "function", "name": "f", "parameters": {"type": "object"}}, {"type": "web_search"}, 1],
    )
    assert (request.continues, request.conversation, request.user) == ("resp_1", "conv_1", "u")
    assert (request.max_tokens, request.stores, request.background) == (5, False, True)
    assert request.tools == (Tool("f", "", {"type": "object"}),)
    assert read(input="x").stores
    assert read(input="x", user="v", safety_identifier="s").user == "s"


def test_a_prompt_template_names_the_model_and_the_input() -> None:
    request = ResponsesRequest.read(b'{"prompt":{"id":"pmpt_1"}}')
    assert (request.model, request.question, list(request.messages)) == ("", "", [])


def test_a_text_and_a_message_that_says_it_are_the_same_question() -> None:
    text = ResponsesRequest.read('{"model":"m","input":"caf\u00e9?"}'.encode())
    item = ResponsesRequest.read('{"model":"m","input":[{"role":"user","content":"caf\u00e9?"}]}'.encode())
    assert text.fingerprints == item.fingerprints


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"[]", None),
        (b"{", None),
        (b'{"model": 1}', "model"),
        (b'{"model": "m", "input": {}}', "input"),
        (b'{"model": "m", "input": [1]}', "input[0]"),
        (b'{"model": "m", "stream": "yes"}', "stream"),
        (b'{"model": "m", "input": "\xff"}', None),
        (b'{"model": "m", "input": ' + b"[" * 2000 + b"]" * 2000 + b"}", "input[0]"),
    ],
)
def test_a_request_that_cannot_be_read_names_the_field(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        ResponsesRequest.read(body)
    assert refused.value.param == param
    assert "`" not in refused.value.message
