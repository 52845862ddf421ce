"""What an answer holds is read without being changed, and an edit changes what it says and no more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Delta, ToolCall
from proxy.wire.messages import MessagesChunk, MessagesCompletion, MessagesFormat
from records import Usage
from tests.proxy.wire.messages.conversations import DOCUMENTED, ODD, messages, streams


def completion(*content: dict[str, Any], **fields: Any) -> MessagesCompletion:
    document = {"id": "m", "type": "message", "role": "assistant", "model": "opus", "content": list(content), **fields}
    return MessagesCompletion(json.dumps(document).encode())


def chunk(type: str, **fields: Any) -> MessagesChunk:
    return MessagesFormat().read_chunk(json.dumps({"type": type, **fields}).encode())


def texts(whole: dict[str, Any]) -> str:
    return "".join(block["text"] for block in whole["content"] if block["type"] == "text")


@given(messages())
def test_an_answer_is_read_without_being_changed(whole: dict[str, Any]) -> None:
    body = json.dumps(whole).encode()
    answer = MessagesCompletion(body)
    assert answer.text == texts(whole)
    asked = [block for block in whole["content"] if block["type"] == "tool_use"]
    assert [(call.id, call.name) for call in answer.calls] == [(block["id"], block["name"]) for block in asked]
    assert [json.loads(call.arguments) for call in answer.calls] == [block["input"] for block in asked]
    assert (answer.id, answer.model) == (whole["id"], whole["model"])
    assert answer.body == body
    assert answer.chunk().data == body


@given(ODD)
def test_any_document_has_a_view(document: Any) -> None:
    answer = MessagesCompletion(json.dumps(document).encode())
    for view in ("id", "model", "text", "calls", "finish_reasons", "usage", "fingerprint", "bound"):
        getattr(answer, view)
    assert [delta.text for delta in answer.chunk().deltas] == [answer.text]
    assert answer.with_text("more").text in ("more", answer.text)


@given(messages(), st.text())
def test_another_text_changes_the_text_and_nothing_else(whole: dict[str, Any], text: str) -> None:
    body = json.dumps(whole).encode()
    changed = MessagesCompletion(body).with_text(text)
    assert changed.text == text
    after = json.loads(changed.body)
    others = [block for block in whole.pop("content") if block["type"] != "text"]
    said = [block for block in after["content"] if block["type"] == "text"]
    assert [block for block in after.pop("content") if block["type"] != "text"] == others
    assert after == whole
    if text != texts(json.loads(body)):
        assert len(said) == bool(text)


def test_the_one_text_keeps_what_all_of_them_cited() -> None:
    first, second = ({"type": "page_location", "cited_text": word} for word in "ab")
    answer = completion(
        {"type": "text", "text": "A.", "citations": [first]},
        {"type": "text", "text": " And "},
        {"type": "text", "text": "B.", "citations": [second]},
    )
    said = {"type": "text", "text": "C.", "citations": [first, second]}
    assert json.loads(answer.with_text("C.").body)["content"] == [said]


def test_a_first_text_comes_between_thoughts_and_calls() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    changed = completion(thought, call).with_text("So:")
    assert json.loads(changed.body)["content"] == [thought, {"type": "text", "text": "So:"}, call]


@given(streams(DOCUMENTED))
def test_chunks_say_what_the_answer_says(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    whole, events = stream
    chunks = [MessagesFormat().read_chunk(event) for event in events]
    answer = MessagesCompletion(json.dumps(whole).encode())
    assert "".join(chunk.text for chunk in chunks) == answer.text
    assert [delta.finish_reason for chunk in chunks for delta in chunk.deltas if delta.finish_reason] == list(
        answer.finish_reasons
    )
    assert [chunk.final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert not any(chunk.whole for chunk in chunks)


@given(st.text(), st.text())
def test_another_text_in_an_event_leaves_the_rest_of_it(before: str, after: str) -> None:
    said = chunk("content_block_delta", index=3, delta={"type": "text_delta", "text": before, "x": 1}, y=2)
    changed = said.with_text(after)
    assert changed.text == after
    assert json.loads(changed.data) == {
        "type": "content_block_delta",
        "index": 3,
        "delta": {"type": "text_delta", "text": after, "x": 1},
        "y": 2,
    }


def test_an_event_that_can_hold_no_text_carries_it_along() -> None:
    ends = chunk("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1})
    carrying = ends.with_text("held")
    assert list(carrying.deltas) == [Delta(0, "held", "", "stop")]
    assert carrying.data == ends.data
    assert list(carrying.with_text("").deltas) == list(ends.deltas)


def test_there_is_one_choice() -> None:
    said = chunk("content_block_delta", index=0, delta={"type": "text_delta", "text": "a"})
    assert said.with_text("b", choice=1).text == "a"
    assert completion({"type": "text", "text": "a"}).with_text("b", choice=1).text == "a"


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("of_next_year", "of_next_year"),
    ],
)
def test_the_chain_hears_why_an_answer_ended_in_its_own_words(stop_reason: str, finish_reason: str) -> None:
    assert list(completion(stop_reason=stop_reason).finish_reasons) == [finish_reason]
    ends = chunk("message_delta", delta={"stop_reason": stop_reason}, usage={"output_tokens": 1})
    assert list(ends.deltas) == [Delta(0, "", "", finish_reason)]


def test_what_the_provider_ran_itself_is_no_call() -> None:
    ours = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": 1}}
    theirs = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
    assert completion(theirs, ours).calls == (ToolCall("toolu_1", "f", '{"x": 1}'),)


def test_an_input_that_is_no_json_is_told_as_the_model_wrote_it() -> None:
    assert completion({"type": "tool_use", "id": "t", "name": "f", "input": '{"x": '}).calls[0].arguments == '{"x": '


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"input_tokens": 5, "output_tokens": 3}, Usage(5, 3)),
        (
            {
                "input_tokens": 5,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 20,
                "output_tokens": 30,
                "output_tokens_details": {"thinking_tokens": 10},
            },
            Usage(125, 30, cached=100, reasoning=10),
        ),
        ({"input_tokens": 5, "cache_read_input_tokens": None, "output_tokens": None}, Usage(5)),
        ({"input_tokens": -1, "output_tokens": 3}, None),
        ({"input_tokens": 2**60, "output_tokens": 3}, None),
        ("many", None),
        (None, None),
    ],
)
def test_the_input_is_all_that_was_read_whatever_the_cache_held(counts: Any, usage: Usage | None) -> None:
    assert completion(usage=counts).usage == usage


@pytest.mark.parametrize(
    ("block", "bound"),
    [
        ({"type": "text", "text": "signature"}, False),
        ({"type": "thinking", "thinking": "hm", "signature": ""}, False),
        ({"type": "thinking", "thinking": "hm", "signature": "c2ln"}, True),
        ({"type": "redacted_thinking", "data": "ZGF0YQ=="}, True),
        ({"type": "compaction", "content": "so far", "encrypted_content": "ZGF0YQ=="}, True),
        ({"type": "web_search_tool_result", "content": [{"encrypted_content": "ZGF0YQ=="}]}, True),
    ],
)
def test_an_answer_is_bound_by_what_only_its_author_can_read(block: dict[str, Any], bound: bool) -> None:
    assert completion(block).bound is bound
