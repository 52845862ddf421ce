"""What converted answers rest on, and how likely their words were."""

import json
from typing import Any

import pytest

from proxy.wire.convert.answer import StreamConverter, convert_answer
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.requests.losses import Losses
from tests.proxy.wire.convert.chunks import chunk
from tests.proxy.wire.convert.order import check_messages, check_responses, parsed
from tests.proxy.wire.convert.speaking import SPEECH, converted, streamed

PAGE = {"url": "https://example.org", "title": "Example", "start_index": 3, "end_index": 6}
TOKEN = {
    "token": "So",
    "logprob": -0.5,
    "bytes": [83, 111],
    "top_logprobs": [{"token": "No", "logprob": -1.5, "bytes": None}],
}


def chat(**fields: Any) -> bytes:
    message = {"content": "So it is.", "annotations": [{"type": "url_citation", "url_citation": PAGE}]}
    return json.dumps({"model": "m", "choices": [{"message": message, "finish_reason": "stop", **fields}]}).encode()


def cited(url: str) -> dict[str, Any]:
    page = {"type": "web_search_result_location", "url": url, "title": "Example"}
    return {**page, "cited_text": "…", "encrypted_index": "x"}


def test_a_pages_place_in_the_text_is_kept_in_responses() -> None:
    (item,) = json.loads(converted(chat(), "chat", "responses"))["output"]
    assert item["content"][0]["annotations"] == [{"type": "url_citation", **PAGE}]


def test_a_page_is_cited_with_its_words_in_messages() -> None:
    (block,) = json.loads(converted(chat(), "chat", "messages"))["content"]
    (citation,) = block["citations"]
    assert (citation["url"], citation["title"], citation["cited_text"]) == ("https://example.org", "Example", "it ")


@pytest.mark.parametrize("target", ["chat", "responses"])
def test_a_cited_block_is_the_place_of_its_pages(target: Api) -> None:
    blocks = [
        {"type": "text", "text": "As "},
        {"type": "text", "text": "they say", "citations": [cited("https://a.example"), cited("https://b.example")]},
        {"type": "text", "text": "."},
    ]
    body = json.dumps({"model": "m", "content": blocks, "stop_reason": "end_turn"}).encode()
    there = json.loads(converted(body, "messages", target))
    if target == "chat":
        notes = [note["url_citation"] for note in there["choices"][0]["message"]["annotations"]]
        assert [(note["start_index"], note["end_index"]) for note in notes] == [(3, 11), (3, 11)]
    else:
        (item,) = there["output"]
        notes = item["content"][1]["annotations"]
        assert [(note["start_index"], note["end_index"]) for note in notes] == [(0, 8), (0, 8)]
    assert [note["url"] for note in notes] == ["https://a.example", "https://b.example"]


def test_places_count_from_the_beginning_of_all_the_text_in_chat() -> None:
    page = {"type": "url_citation", **PAGE, "start_index": 0, "end_index": 2}
    items = [
        {"type": "message", "content": [{"type": "output_text", "text": text, "annotations": notes}]}
        for text, notes in (("Look: ", []), ("So", [page]))
    ]
    body = json.dumps({"status": "completed", "output": items}).encode()
    (note,) = json.loads(converted(body, "responses", "chat"))["choices"][0]["message"]["annotations"]
    assert (note["url_citation"]["start_index"], note["url_citation"]["end_index"]) == (6, 8)


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_streamed_citations_are_told_in_place(target: Api) -> None:
    note = {"annotations": [{"type": "url_citation", "url_citation": PAGE}]}
    events = [chunk({"content": "So it "}), chunk({"content": "is."}), chunk(note), chunk({}, "stop")]
    told = streamed(events, "chat", target)
    (check_responses if target == "responses" else check_messages)(parsed(told))
    document = json.loads(SPEECH[target].join(told))
    whole = json.loads(converted(chat(), "chat", target))
    assert document.get("output", document.get("content")) == whole.get("output", whole.get("content"))


def test_streamed_citations_of_a_block_wait_for_its_end() -> None:
    def event(kind: str, **fields: Any) -> bytes:
        return json.dumps({"type": f"content_block_{kind}", "index": 0, **fields}).encode()

    converter = StreamConverter("messages", "chat", asked=b'{"model":"any"}', id="0f", created=1)
    converter.feed(event("start", content_block={"type": "text", "text": ""}))
    assert (
        converter.feed(event("delta", delta={"type": "citations_delta", "citation": cited("https://a.example")})) == []
    )
    converter.feed(event("delta", delta={"type": "text_delta", "text": "So"}))
    (told,) = parsed(converter.feed(event("stop")))
    (note,) = told["choices"][0]["delta"]["annotations"]
    assert (note["url_citation"]["start_index"], note["url_citation"]["end_index"]) == (0, 2)


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_are_kept_between_openais_apis(stream: bool) -> None:
    logprobs = {"content": [TOKEN, {**TOKEN, "bytes": None}]}
    if stream:
        events = [
            chunk({"content": ""}),
            *(json.dumps({"choices": [{"delta": {"content": "So"}, "logprobs": logprobs}]}).encode() for _ in range(2)),
        ]
        there = streamed(events, "chat", "responses")
        check_responses(parsed(there))
        back = json.loads(SPEECH["chat"].join(streamed(there, "responses", "chat")))
        tokens = 4
    else:
        back = json.loads(converted(converted(chat(logprobs=logprobs), "chat", "responses"), "responses", "chat"))
        tokens = 2
    found = back["choices"][0]["logprobs"]["content"]
    assert len(found) == tokens
    # What is no text has no bytes: null in one API, an empty list in the other.
    assert found[0] == {**TOKEN, "top_logprobs": [{"token": "No", "logprob": -1.5, "bytes": []}]}
    assert found[1]["bytes"] == []


@pytest.mark.parametrize(
    ("body", "source", "target", "lost"),
    [
        (chat(logprobs={"content": [TOKEN]}), "chat", "messages", "logprobs: the Messages API has none"),
        (
            b'{"choices":[{"message":{"audio":{"id":"a"}}}]}',
            "chat",
            "messages",
            "message.audio: the client's API has no such part",
        ),
        (
            b'{"content":[],"stop_reason":"stop_sequence","stop_sequence":"END"}',
            "messages",
            "responses",
            "stop_sequence: the client's API does not say which it was",
        ),
        (
            b'{"content":[],"stop_reason":"stop_sequence","stop_sequence":"END"}',
            "messages",
            "chat",
            "stop_sequence: the client's API does not say which it was",
        ),
        (
            b'{"content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"x"}}]}',
            "messages",
            "chat",
            "content.server_tool_use: the client's API has no such part",
        ),
        (
            b'{"content":[{"type":"text","text":"So","citations":[{"type":"page_location","cited_text":"x"}]}]}',
            "messages",
            "responses",
            "citations.page_location: the client's API has no such part",
        ),
        (
            b'{"output":[{"type":"web_search_call","id":"ws_1","status":"completed","content":7}]}',
            "responses",
            "chat",
            "output.web_search_call: the client's API has no such part",
        ),
        (
            b'{"output":[{"type":"message","content":[{"type":"output_text","text":"So","annotations":[{"type":"file_path"}]}]}]}',
            "responses",
            "chat",
            "annotations.file_path: the client's API has no such part",
        ),
    ],
)
def test_what_the_other_api_has_no_words_for_is_noted(body: bytes, source: Api, target: Api, lost: str) -> None:
    losses = Losses()
    convert_answer(body, source, target, asked=SPEECH[target].asked, id="0f", created=1, losses=losses)
    assert losses.told() == (lost,)
