"""What an answer says is read from its events or its document, and it is known again when its client sends it back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Delta, ToolCall
from proxy.wire.responses import ResponsesChunk, ResponsesCompletion, ResponsesRequest
from records import Usage
from tests.proxy.wire.answers import JSON
from tests.proxy.wire.responses.answers import Item, responses
from tests.proxy.wire.responses.sequence import text_of

TEXT = (
    b'{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"a","logprobs":[1]}'
)


def completion(**fields: Any) -> ResponsesCompletion:
    return ResponsesCompletion(
        json.dumps({"object": "response", "status": "completed", "output": [], **fields}).encode()
    )


def message(*parts: Item) -> Item:
    return {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": list(parts)}


@st.composite
def replayed(draw: st.DrawFn, output: list[Item]) -> list[Item]:
    """The items of an answer as some client sends them back."""
    kept = []
    for said in output:
        left_out = ("id", "status", "x_unknown") if draw(st.booleans()) else ()
        item = {name: value for name, value in said.items() if name not in left_out}
        if item["type"] == "message" and draw(st.booleans()):
            item["content"] = "".join(part.get("text", "") for part in item["content"])
        if item["type"] != "reasoning" or draw(st.booleans()):
            kept.append(item)
    return kept


@given(responses(), st.data())
def test_an_answer_is_known_again_when_it_is_sent_back(whole: Item, data: st.DataObject) -> None:
    items = data.draw(replayed(whole["output"]))
    asked = {"role": "user", "content": "?"}
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": [asked, *items, asked]}).encode())
    if "assistant" in request.roles:
        assert request.roles == ["user", "assistant", "user"]
        assert request.fingerprints[1] == ResponsesCompletion(json.dumps(whole).encode()).fingerprint


def test_an_answer_is_known_again_when_its_client_only_names_its_items() -> None:
    output = [{"type": "reasoning", "id": "rs", "summary": []}, message({"type": "output_text", "text": "a"})]
    named = [{"type": "item_reference", "id": item["id"]} for item in output]
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": named}).encode())
    assert list(request.fingerprints) == [completion(output=output).reference]
    called = [output[0], {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": ""}]
    partly = ResponsesRequest.read(json.dumps({"model": "m", "input": [named[0], called[1]]}).encode())
    assert list(partly.fingerprints) == [completion(output=called).fingerprint]
    assert completion().reference is None


def test_an_answer_in_which_the_provider_ran_tools_is_known_by_how_it_begins() -> None:
    run = [
        {"type": "shell_call", "id": "s", "call_id": "c"},
        {"type": "shell_call_output", "call_id": "c", "output": []},
    ]
    output = [*run, message({"type": "output_text", "text": "done"})]
    request = ResponsesRequest.read(json.dumps({"model": "m", "input": output}).encode())
    assert request.roles == ["assistant", "tool", "assistant"]
    assert request.fingerprints[0] == completion(output=output).fingerprint


def test_what_an_answer_says_is_read_from_its_document() -> None:
    answer = completion(
        id="r",
        model="m-1",
        output=[
            {
                "type": "reasoning",
                "id": "rs",
                "summary": [{"type": "summary_text", "text": "no"}],
                "encrypted_content": "x",
            },
            message({"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}),
            message({"type": "output_text", "text": "c"}),
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "x"},
        ],
        usage={
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 5},
            "output_tokens": "3",
            "output_tokens_details": {"reasoning_tokens": 2},
        },
    )
    assert (answer.id, answer.model, answer.status) == ("r", "m-1", "completed")
    assert (answer.texts, answer.refusal, answer.bound) == (["ac"], "b", True)
    assert answer.calls == (ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "x"))
    assert answer.usage == Usage(7, 3, 5, 2)
    assert answer.chunk().deltas == (Delta(0, "ac", "b", "tool_calls"),)


@pytest.mark.parametrize("usage", [None, {"input_tokens": -1}, {"output_tokens": 2**50}])
def test_token_counts_that_cannot_be_are_none(usage: Any) -> None:
    assert completion(usage=usage).usage is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "completed"}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete", "incomplete_details": None}, "length"),
        ({"status": "failed"}, "error"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "queued"}, None),
    ],
)
def test_why_an_answer_ended_is_told_in_the_words_of_steps(fields: Any, reason: str | None) -> None:
    answer = completion(**fields)
    assert list(answer.finish_reasons) == [reason] * (reason is not None)
    if fields["status"] in ("completed", "incomplete"):
        event = b'{"type":"response.' + fields["status"].encode() + b'","response":' + answer.body + b"}"
        assert ResponsesChunk(event).final
        assert ResponsesChunk(event).deltas == (Delta(0, finish_reason=reason),)


@given(responses(), st.text())
def test_another_text_changes_the_text_alone(whole: Item, text: str) -> None:
    changed = json.loads(ResponsesCompletion(json.dumps(whole).encode()).with_text(text).body)
    assert text_of(changed) == text
    others = [item for item in whole["output"] if item["type"] != "message"]
    assert [item for item in changed["output"] if item["type"] != "message"] == others
    assert {**changed, "output": None} == {**whole, "output": None}
    # What is cited, and how likely each word was, holds for the text it was said of.
    before = {(part["text"], str(part)) for part in _texts(whole)}
    for part in _texts(changed):
        assert (part["text"], str(part)) in before or part["annotations"] == part["logprobs"] == []


def _texts(response: Item) -> list[Item]:
    said = [item for item in response["output"] if item["type"] == "message"]
    return [part for item in said for part in item["content"] if "text" in part]


@given(JSON | st.fixed_dictionaries({"output": JSON | st.lists(JSON)}, optional={"status": JSON, "usage": JSON}))
def test_whatever_a_provider_answers_is_read_and_edited_without_a_stumble(answer: Any) -> None:
    found = ResponsesCompletion(json.dumps(answer).encode())
    for view in (
        "id",
        "model",
        "status",
        "texts",
        "refusal",
        "calls",
        "finish_reasons",
        "usage",
        "fingerprint",
        "bound",
    ):
        getattr(found, view)
    json.loads(found.with_text("x").body)
    assert isinstance(found.chunk().text, str)


def test_a_delta_with_another_text_keeps_its_place_and_loses_its_odds() -> None:
    chunk = ResponsesChunk(TEXT)
    assert chunk.with_text("a") is chunk
    assert json.loads(chunk.with_text("b").data) == {**json.loads(TEXT), "delta": "b", "logprobs": []}
    assert json.loads(chunk.saying("c").data) == {**json.loads(TEXT), "delta": "c", "logprobs": []}
    assert [each.text for each in (chunk, chunk.with_text("b"), chunk.saying("c"))] == ["a", "b", "c"]


def test_a_delta_that_cannot_be_read_can_be_given_a_text() -> None:
    chunk = ResponsesChunk(b'{"type":"response.output_text.delta", but no JSON}')
    assert (chunk.text, chunk.with_text("a").text, chunk.saying("b").text) == ("", "a", "b")


def test_an_event_without_text_can_be_given_some() -> None:
    chunk = ResponsesChunk(b'{"type":"response.refusal.delta","delta":"no"}')
    assert chunk.with_text("").deltas == chunk.deltas == (Delta(0, refusal="no"),)
    assert chunk.with_text("x").deltas == (Delta(0, "x", "no"),)
    created = ResponsesChunk(b'{"type":"response.created","response":{}}')
    assert (created.deltas, created.with_text("x").text, created.saying("y").text) == ((), "x", "y")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"type":"response.x","a":1}', b"response.x"),
        (b'{"type": "response.x", "a": 1}', b"response.x"),
        (b'{"sequence_number":1,"item":{"type":"message"},"type":"response.x"}', b"response.x"),
        (b'{"a":1}', b""),
        (b'{"type":1}', b""),
        (b'{"a":', b""),
    ],
)
def test_an_event_is_known_by_its_type_wherever_it_stands(data: bytes, kind: bytes) -> None:
    assert ResponsesChunk(data).kind == kind
