"""Parts of messages: texts, refusals, images, files, audio, and marks for the cache."""

import base64
from typing import Any

import pytest

from proxy.wire.convert.pieces import Api
from tests.proxy.wire.convert.requests.converting import HI, assistant, chat, messages, refusal, responses, sent, user

PNG = "data:image/png;base64,AAAA"


@pytest.mark.parametrize(
    ("document", "source", "target", "param"),
    [
        (
            user([{"type": "image", "source": {"type": "file", "file_id": "f"}}]),
            "messages",
            "chat",
            "messages[0].content[0]",
        ),
        (
            user([{"type": "image", "source": {"type": "file", "file_id": "f"}}]),
            "messages",
            "responses",
            "messages[0].content[0]",
        ),
        (
            user([{"type": "document", "source": {"type": "url", "url": "https://a"}}]),
            "messages",
            "chat",
            "messages[0].content[0]",
        ),
        (user([{"type": "file", "file": {"file_id": "f"}}]), "chat", "messages", "messages[0].content[0]"),
        (
            user([{"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}]),
            "chat",
            "messages",
            "messages[0].content[0]",
        ),
        (
            user([{"type": "input_audio", "input_audio": {"data": "A", "format": "wav"}}]),
            "chat",
            "messages",
            "messages[0].content[0]",
        ),
        (
            user([{"type": "input_audio", "input_audio": {"data": "A", "format": "wav"}}]),
            "chat",
            "responses",
            "messages[0].content[0]",
        ),
        (
            user([{"type": "file", "file": {"file_data": "data:image/tiff;base64,AA", "filename": "a"}}]),
            "chat",
            "messages",
            "messages[0].content[0]",
        ),
        (
            user([{"type": "file", "file": {"file_data": "data:text/csv;base64,!", "filename": "a"}}]),
            "chat",
            "messages",
            "messages[0].content[0]",
        ),
        (assistant([{"type": "image_url", "image_url": {"url": PNG}}]), "chat", "responses", "messages[0].content"),
        (assistant([{"type": "image_url", "image_url": {"url": PNG}}]), "chat", "messages", "messages[0].content"),
        (user([{"type": "container_upload", "file_id": "f"}]), "messages", "chat", "messages[0].content[0]"),
        (assistant(None, audio={"id": "a"}), "chat", "responses", "messages[0].audio"),
    ],
)
def test_what_the_other_api_cannot_take_is_refused_by_its_path(
    document: dict[str, Any], source: Api, target: Api, param: str
) -> None:
    talk = chat(document) if source == "chat" else messages(document)
    error = refusal(talk, source, target)
    assert (error.param, error.code) == (param, "unsupported_by_upstream")
    assert error.message.startswith(f"{param}: ")


def test_errors_name_the_path_of_what_is_wrong() -> None:
    parts = [{"type": "input_text", "text": "hi"}, {"type": "input_text", "text": 3}]
    error = refusal(responses(HI, HI, HI, user(parts)), "responses", "chat")
    assert error.message == "input[3].content[1].text: expected text, got a number"
    assert (error.param, error.code) == ("input[3].content[1].text", "invalid_type")
    error = refusal(responses(user([{"type": "video"}])), "responses", "chat")
    assert error.param == "input[0].content[0].type"
    error = refusal({"model": "m"}, "chat", "responses")
    assert error.message == "messages: is missing"


def test_the_detail_of_an_image_is_kept_where_it_can_be() -> None:
    image = {"type": "input_image", "image_url": PNG, "detail": "high"}
    body, _ = sent(responses(user([image])), "responses", "chat")
    assert body["messages"][0]["content"] == [{"type": "image_url", "image_url": {"url": PNG, "detail": "high"}}]
    body, dropped = sent(responses(user([image])), "responses", "messages")
    assert body["messages"][0]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    ]
    assert dropped == ("input[0].content[0].detail: the Messages API has no level of detail",)


def test_an_image_given_as_a_mere_url_is_an_image() -> None:
    body, _ = sent(chat(user([{"type": "image_url", "image_url": PNG}])), "chat", "responses")
    assert body["input"][0]["content"] == [{"type": "input_image", "image_url": PNG, "detail": "auto"}]


def test_a_text_file_is_a_text_document() -> None:
    data = base64.b64encode("a;b\n1;é".encode()).decode()
    file = {"type": "input_file", "file_data": f"data:text/csv;base64,{data}", "filename": "a.csv"}
    body, _ = sent(responses(user([file])), "responses", "messages")
    assert body["messages"][0]["content"] == [
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "a;b\n1;é"},
            "title": "a.csv",
        }
    ]


def test_data_without_a_type_is_what_its_file_is_named_for() -> None:
    file = {"type": "file", "file": {"file_data": "JVBE", "filename": "Report.PDF"}}
    body, _ = sent(chat(user([file])), "chat", "messages")
    assert body["messages"][0]["content"][0]["source"] == {
        "type": "base64",
        "media_type": "application/pdf",
        "data": "JVBE",
    }


def test_a_document_without_a_title_gets_a_name() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}
    body, _ = sent(messages(user([{"type": "document", "source": source}])), "messages", "chat")
    assert body["messages"][0]["content"][0]["file"] == {
        "file_data": "data:application/pdf;base64,JVBE",
        "filename": "document.pdf",
    }


def test_documents_of_text_are_text() -> None:
    blocks = [
        {
            "type": "document",
            "title": "Notes",
            "context": "of May",
            "source": {"type": "text", "media_type": "text/plain", "data": "Buy milk."},
        },
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "Read."}]}},
        {
            "type": "search_result",
            "title": "Cows",
            "source": "https://example.com",
            "content": [{"type": "text", "text": "They moo."}],
        },
    ]
    body, _ = sent(messages(user(blocks)), "messages", "chat")
    assert [part["text"] for part in body["messages"][0]["content"]] == [
        "Notes\n\nof May\n\nBuy milk.",
        "Read.",
        "Cows\nhttps://example.com\n\nThey moo.",
    ]


def test_a_refusal_is_told_to_messages_as_text() -> None:
    body, dropped = sent(chat(HI, assistant(None, refusal="I will not."), HI), "chat", "messages")
    assert body["messages"][1] == assistant("I will not.")
    assert dropped == ("messages[1].content: the Messages API has no refusals; it is told as text",)


def test_marks_of_the_openai_apis_become_those_of_messages_and_none_the_other_way() -> None:
    marked = {"type": "text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}
    body, _ = sent(chat(user([marked])), "chat", "messages")
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]
    marked = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    body, dropped = sent(messages(user([marked])), "messages", "responses")
    assert body["input"][0]["content"] == "hi"
    assert [entry.partition(":")[0] for entry in dropped] == ["messages[0].content.cache_control"]


def test_chat_clients_that_mark_as_messages_does_are_understood() -> None:
    marked = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    tool = {"type": "function", "function": {"name": "f"}, "cache_control": {"type": "ephemeral"}}
    body, dropped = sent(chat({"role": "system", "content": [marked]}, HI, tools=[tool]), "chat", "messages")
    assert body["system"] == [marked]
    assert body["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert dropped == ()


def test_messages_takes_no_more_than_four_marks() -> None:
    parts = [{"type": "text", "text": f"{n}", "cache_control": {"type": "ephemeral"}} for n in range(6)]
    body, dropped = sent(chat(user(parts)), "chat", "messages")
    assert ["cache_control" in block for block in body["messages"][0]["content"]] == [False] * 2 + [True] * 4
    assert dropped == ("cache_control: the Messages API takes 4 cache marks; the first are left out",)


def test_the_billing_header_of_a_claude_client_is_not_told() -> None:
    system = [{"type": "text", "text": "x-anthropic-billing-header: cch=a5145;"}, {"type": "text", "text": "Be brief."}]
    body, dropped = sent(messages(HI, system=system), "messages", "responses")
    assert body["instructions"] == "Be brief."
    assert dropped == ("system[0]: a billing header, which says nothing to a model",)


def test_unknown_fields_of_messages_and_parts_are_told_of() -> None:
    talk = chat(user([{"type": "text", "text": "hi", "mood": "good"}]), {**HI, "name": "Ann"}, mood="bad")
    _, dropped = sent(talk, "chat", "responses")
    assert dropped == ("messages[0].content[0].mood and 2 more: the upstream's API has no such field",)
