"""How converted answers end: why, with what usage, and when that is told."""

import json
from typing import Any

import pytest

from proxy.errors import UpstreamBroke
from proxy.wire.chat import ChatChunk, ChatCompletionsRequest, ChatFormat
from proxy.wire.convert.answer import StreamConverter
from proxy.wire.convert.pieces import Api
from tests.proxy.wire.convert.chunks import call, chunk, usage
from tests.proxy.wire.convert.order import parsed
from tests.proxy.wire.convert.speaking import SPEECH, converted, streamed


def ended(target: Api, *events: bytes, source: Api = "chat") -> dict[str, Any]:
    """The joined answer."""
    document: dict[str, Any] = json.loads(SPEECH[target].join(streamed(events, source, target)))
    return document


def message(stop_reason: str, **fields: Any) -> bytes:
    content = [{"type": "text", "text": "So"}]
    return json.dumps({"model": "small", "content": content, "stop_reason": stop_reason, **fields}).encode()


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_the_end_waits_for_usage_that_comes_after_the_reason(target: Api) -> None:
    converter = StreamConverter("chat", target, asked=SPEECH[target].asked, id="0f", created=1)
    told = parsed([*converter.feed(chunk({"content": "So"}, "stop")), *converter.feed(usage(7, 2))])
    assert not [event for event in told if event["type"] in ("response.completed", "message_delta")]
    last = parsed(converter.end())
    spent = last[0]["response"]["usage"] if target == "responses" else last[0]["usage"]
    assert (spent["input_tokens"], spent["output_tokens"]) == (7, 2)


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_usage_told_with_every_chunk_counts_once(target: Api) -> None:
    events = [
        chunk({"content": piece}, usage={"prompt_tokens": 7, "completion_tokens": n}) for n, piece in enumerate("Soon")
    ]
    assert ended(target, *events, chunk({}, "stop"))["usage"]["output_tokens"] == 3


def test_input_counts_leave_out_the_cache_in_messages_and_include_it_elsewhere() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30}}
    spent = ended("messages", chunk({"content": "So"}, "stop"), usage(100, 5, **details))["usage"]
    assert (spent["input_tokens"], spent["cache_read_input_tokens"], spent["cache_creation_input_tokens"]) == (
        10,
        60,
        30,
    )
    told = ended("responses", chunk({"content": "So"}, "stop"), usage(100, 5, **details))["usage"]
    assert (told["input_tokens"], told["input_tokens_details"]) == (
        100,
        {"cached_tokens": 60, "cache_write_tokens": 30},
    )


def test_more_from_the_cache_than_there_was_is_not_less_than_nothing() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 60}}
    assert ended("messages", chunk({"content": "So"}, "stop"), usage(10, 5, **details))["usage"]["input_tokens"] == 0


@pytest.mark.parametrize("count", [-1, 2**60])
def test_impossible_usage_is_none(count: int) -> None:
    assert ended("responses", chunk({"content": "So"}, "stop"), usage(count, 5))["usage"] is None


def test_an_upstream_that_tells_no_usage_is_not_made_to_tell_any() -> None:
    assert ended("responses", chunk({"content": "So"}, "stop"))["usage"] is None


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}])
def test_usage_is_told_for_the_record_and_not_sent_to_whoever_has_not_asked(options: dict[str, Any]) -> None:
    asked = json.dumps({"model": "any", "messages": [], "stream": True, **options}).encode()
    begun = {"type": "message_start", "message": {"usage": {"input_tokens": 7, "output_tokens": 1}}}
    told = streamed([json.dumps(begun).encode()], "messages", "chat", asked)
    assert [json.loads(event).get("usage", {}).get("prompt_tokens") for event in told] == [None, None, 7]
    writer = ChatFormat().writer(ChatCompletionsRequest.read(asked))
    assert not any(b"usage" in writer.event(ChatChunk(event)) for event in told)


@pytest.mark.parametrize(
    ("reason", "status", "why", "stop_reason"),
    [
        ("stop", "completed", None, "end_turn"),
        ("length", "incomplete", "max_output_tokens", "max_tokens"),
        ("content_filter", "incomplete", "content_filter", "refusal"),
        ("eos_token", "completed", None, "end_turn"),
    ],
)
def test_reasons_are_told_in_the_words_of_each_api(reason: str, status: str, why: str | None, stop_reason: str) -> None:
    told = ended("responses", chunk({"content": "So"}, reason))
    assert told["status"] == status
    assert (told["incomplete_details"] or {}).get("reason") == why
    assert ended("messages", chunk({"content": "So"}, reason))["stop_reason"] == stop_reason


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
    ],
)
def test_stop_reasons_are_told_in_the_words_of_chat(stop_reason: str, reason: str) -> None:
    assert json.loads(converted(message(stop_reason), "messages", "chat"))["choices"][0]["finish_reason"] == reason


def test_an_answer_that_calls_tools_ends_so_whatever_the_upstream_says() -> None:
    assert ended("messages", call(0, "{}", id="a", name="f"), chunk({}, "stop"))["stop_reason"] == "tool_use"


def test_what_was_cut_short_is_the_item_begun_last() -> None:
    events = [
        chunk({"content": "So"}),
        call(0, "{}", id="a", name="f"),
        call(1, "{", id="b", name="g"),
        chunk({}, "length"),
    ]
    items = ended("responses", *events)["output"]
    assert [item["status"] for item in items] == ["completed", "completed", "incomplete"]


def test_the_stop_sequence_that_was_met_is_told_where_the_upstream_names_it() -> None:
    whole = {"choices": [{"message": {"content": "So"}, "finish_reason": "stop", "stop_reason": "END"}]}
    told = json.loads(converted(json.dumps(whole).encode(), "chat", "messages"))
    assert (told["stop_reason"], told["stop_sequence"]) == ("stop_sequence", "END")


def test_a_refusal_is_the_explanation_of_a_message_and_a_part_of_a_response() -> None:
    events = [chunk({"refusal": "I must "}), chunk({"refusal": "not."}), chunk({}, "stop")]
    told = ended("messages", *events)
    assert (told["stop_reason"], told["stop_details"]["explanation"]) == ("refusal", "I must not.")
    (item,) = ended("responses", *events)["output"]
    assert item["content"] == [{"type": "refusal", "refusal": "I must not."}]


def test_nothing_said_after_the_reason_is_told() -> None:
    assert ended("messages", chunk({"content": "So"}, "stop"), chunk({"content": "!"}))["content"][0]["text"] == "So"


def test_a_reason_that_is_no_text_is_none_yet() -> None:
    assert (
        ended("messages", chunk({"content": "So"}, ""), chunk({"content": "!"}, "stop"))["content"][0]["text"] == "So!"
    )


def test_the_tier_that_served_the_answer_is_told_between_openais_apis() -> None:
    assert ended("responses", chunk({"content": "So"}, "stop", service_tier="priority"))["service_tier"] == "priority"


@pytest.mark.parametrize("target", ["chat", "messages"])
def test_a_response_that_failed_is_no_answer(target: Api) -> None:
    failed = {"status": "failed", "output": [], "error": {"code": "server_error", "message": "It broke."}}
    with pytest.raises(UpstreamBroke, match="It broke"):
        converted(json.dumps(failed).encode(), "responses", target)
    with pytest.raises(UpstreamBroke, match="It broke"):
        streamed([json.dumps({"type": "response.failed", "response": failed}).encode()], "responses", target)


def test_a_response_that_is_not_done_is_no_answer() -> None:
    with pytest.raises(UpstreamBroke, match="its status is 'in_progress'"):
        converted(b'{"status":"in_progress","output":[]}', "responses", "chat")


def test_half_a_character_is_told_as_unreadable_and_breaks_nothing() -> None:
    events = [
        rb'{"choices":[{"delta":{"content":"\ud83d"}}]}',
        rb'{"choices":[{"delta":{"content":"\\ud83d \ud83d\ude00"}}]}',
    ]
    assert ended("messages", *events)["content"][0]["text"] == "\ufffd\\ud83d \U0001f600"


def test_ids_are_made_of_the_calls_own() -> None:
    events = [chunk({"reasoning_content": "Hm."}), chunk({"content": "So"}), call(0, "{}", id="a", name="f")]
    told = ended("responses", *events)
    assert told["id"] == "resp_0f"
    assert [item["id"] for item in told["output"]] == ["rs_0f00", "msg_0f01", "fc_0f02"]
    assert ended("messages", *events)["id"] == "msg_0f"
    assert json.loads(converted(message("end_turn"), "messages", "chat"))["id"] == "chatcmpl-0f"


def test_the_model_is_the_one_that_answered_or_else_the_one_asked_for() -> None:
    assert ended("responses", chunk({"content": "So"}, "stop"))["model"] == "small"
    assert ended("responses", b'{"choices":[]}')["model"] == "any"
