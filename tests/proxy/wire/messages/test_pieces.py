"""Every word of the model is seen block by block, and other words take its place without leaving a trace of it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Channel, Chunk, Piece
from middleware.reply import settled
from proxy.wire.messages import MessagesChunk, MessagesFormat
from tests.proxy.wire.channels import WORDS, told
from tests.proxy.wire.messages import sequence
from tests.proxy.wire.messages.conversations import ODD, messages, streams

FLOATING = Channel(0, "text", -1)
FIELDS = {"text": "text", "thinking": "thinking", "compaction": "content"}


def read(*events: dict[str, Any]) -> list[MessagesChunk]:
    return [MessagesFormat().read_chunk(json.dumps(event).encode()) for event in events]


def whole(*content: dict[str, Any]) -> MessagesChunk:
    message = {"id": "m", "type": "message", "role": "assistant", "model": "o", "content": list(content)}
    return MessagesFormat().read_whole(json.dumps({**message, "stop_reason": "end_turn"}).encode())


def delta(index: int = 0, /, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def block(index: int = 0, /, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": fields}


START = {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {}}}
STOP = {"type": "content_block_stop", "index": 0}


def content(chunks: Sequence[Chunk]) -> Any:
    return json.loads(MessagesChunk.join(settled(chunks)).body)["content"]


def read_again(texts: dict[Channel, str]) -> dict[Channel, Any]:
    """Arguments as what they mean: a stream has them as the model spaced them."""
    return {
        channel: json.loads(text) if channel.kind == "arguments" else text
        for channel, text in texts.items()
        if channel.kind != "arguments" or json.loads(text)
    }


@given(streams())
def test_the_pieces_of_a_stream_are_those_of_the_whole_answer(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    answer, events = stream
    chunks = [MessagesFormat().read_chunk(event) for event in events]
    assert read_again(told(chunks)) == read_again(told([MessagesFormat().read_whole(json.dumps(answer).encode())]))


@given(messages())
def test_every_text_of_an_answer_has_its_channel(answer: dict[str, Any]) -> None:
    found = read_again(told([MessagesFormat().read_whole(json.dumps(answer).encode())]))
    for place, each in enumerate(answer["content"]):
        match each["type"]:
            case "text":
                assert found.pop(Channel(0, "text", place), "") == each["text"]
            case "thinking" | "compaction":
                assert found.pop(Channel(0, "reasoning", place), "") == (each[FIELDS[each["type"]]] or "")
            case "tool_use" | "server_tool_use":
                assert found.pop(Channel(0, "arguments", place), {}) == each["input"]
    assert not found


@given(streams(), st.data())
def test_other_words_change_what_is_said_and_nothing_else(
    stream: tuple[dict[str, Any], list[bytes]], data: st.DataObject
) -> None:
    answer, events = stream
    before = [MessagesFormat().read_chunk(event) for event in events]
    after = [
        chunk.with_pieces({channel: data.draw(WORDS) for channel, _ in chunk.pieces if channel.kind != "arguments"})
        for chunk in before
    ]
    said = {channel: text for channel, text in told(after).items() if channel.kind != "arguments"}
    given_out = settled(after)
    sequence.check([json.loads(chunk.data) for chunk in given_out if isinstance(chunk, MessagesChunk)])
    joined = json.loads(MessagesChunk.join(given_out).body)
    for place, (each, had) in enumerate(zip(joined.pop("content"), answer.pop("content"), strict=True)):
        name = FIELDS.get(each["type"], "")
        if name:
            channel = Channel(0, "text" if name == "text" else "reasoning", place)
            assert (each.pop(name) or "") == said.pop(channel, "")
            was = had.pop(name)
            if each["type"] == "thinking" and each["signature"] != had["signature"]:
                assert each.pop("signature") == ""
                assert had.pop("signature")
            if each["type"] == "compaction":
                assert each.pop("encrypted_content") in (None, had.pop("encrypted_content")), was
        assert each == had
    assert (joined, said) == (answer, {})


@given(streams(), st.data())
def test_a_signature_holds_for_the_words_it_was_given_over_however_they_are_cut(
    stream: tuple[dict[str, Any], list[bytes]], data: st.DataObject
) -> None:
    """A step may hold a part of a thought back, and say it later: what is said in all is what counts."""
    answer, events = stream
    cut: list[Chunk] = []
    for chunk in [MessagesFormat().read_chunk(event) for event in events]:
        pieces = [piece for piece in chunk.pieces if piece.channel.kind == "reasoning"]
        if chunk.kind == b"content_block_delta" and b"thinking_delta" in chunk.data and pieces:
            ((channel, text),) = pieces
            place = data.draw(st.integers(0, len(text)))
            cut += [chunk.with_pieces({channel: text[:place]}), chunk.carrying(channel, text[place:])]
        else:
            cut.append(chunk)
    joined = json.loads(MessagesChunk.join(settled(cut)).body)
    assert [each for each in joined["content"] if each["type"] == "thinking"] == [
        each for each in answer["content"] if each["type"] == "thinking"
    ]


@pytest.mark.parametrize(
    ("event", "piece"),
    [
        (delta(2, type="text_delta", text="a"), Piece(Channel(0, "text", 2), "a")),
        (delta(2, type="thinking_delta", thinking="a"), Piece(Channel(0, "reasoning", 2), "a")),
        (delta(2, type="input_json_delta", partial_json="a"), Piece(Channel(0, "arguments", 2), "a")),
        (delta(2, type="compaction_delta", content="a"), Piece(Channel(0, "reasoning", 2), "a")),
        (block(2, type="text", text="a"), Piece(Channel(0, "text", 2), "a")),
        (block(2, type="thinking", thinking="a", signature="s"), Piece(Channel(0, "reasoning", 2), "a")),
        (block(2, type="mcp_tool_use", input={"x": 1}), Piece(Channel(0, "arguments", 2), '{"x":1}')),
        (
            {**START, "message": {"content": [{"type": "text", "text": "a"}]}},
            Piece(Channel(0, "text", -2), "a"),
        ),
    ],
)
def test_each_way_to_say_something_is_a_channel_that_can_say_another_thing(event: dict[str, Any], piece: Piece) -> None:
    (chunk,) = read(event)
    assert list(chunk.pieces) == [piece]
    other = '{"y":2}'
    assert list(chunk.with_pieces({piece.channel: other}).pieces) == [Piece(piece.channel, other)]
    assert b'"a"' not in chunk.with_pieces({piece.channel: other}).data
    assert chunk.with_pieces({piece.channel: piece.text}) is chunk
    if piece.channel.item >= 0:
        assert list(chunk.carrying(piece.channel, "b").pieces) == [Piece(piece.channel, "b")]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ping"},
        STOP,
        delta(type="signature_delta", signature="s"),
        delta(type="citations_delta", citation={"cited_text": "a"}),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ],
)
def test_an_event_in_which_the_model_says_nothing_has_no_pieces(event: dict[str, Any]) -> None:
    assert list(read(event)[0].pieces) == []


def test_half_a_character_does_not_hide_a_text() -> None:
    chunk = MessagesFormat().read_chunk(
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a \\ud83d"}}'
    )
    assert list(chunk.pieces) == [Piece(Channel(0, "text"), "a \ufffd")]


def test_thoughts_that_are_changed_lose_their_signature() -> None:
    chunks = read(
        START,
        block(type="thinking", thinking="", signature=""),
        delta(type="thinking_delta", thinking="sk-1"),
        delta(type="signature_delta", signature="s"),
        STOP,
    )
    chunks[2] = chunks[2].with_pieces({Channel(0, "reasoning"): "***"})
    assert content(chunks) == [{"type": "thinking", "thinking": "***", "signature": ""}]


def test_a_whole_answer_leaves_out_the_signed_thoughts_that_are_changed_and_text_that_says_nothing() -> None:
    thought = {"type": "thinking", "thinking": "sk-1", "signature": "s"}
    unsigned = {"type": "thinking", "thinking": "hm", "signature": ""}
    said = {"type": "text", "text": "a"}
    answer = whole(thought, unsigned, said, said)
    changed = answer.with_pieces(
        {Channel(0, "reasoning", 0): "***", Channel(0, "reasoning", 1): "h", Channel(0, "text", 2): ""}
    )
    assert json.loads(changed.data)["content"] == [{**unsigned, "thinking": "h"}, said]


@pytest.mark.parametrize(
    ("text", "input"),
    [('{"x": "***"}', {"x": "***"}), ('{"x": ', {"text": '{"x": '}), ("[1]", {"text": "[1]"}), ("", {"text": ""})],
)
def test_whole_arguments_stay_an_object(text: str, input: Any) -> None:
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"x": "sk-1"}}
    changed = whole(call).with_pieces({Channel(0, "arguments"): text})
    assert json.loads(changed.data)["content"] == [{**call, "input": input}]


def test_text_that_an_event_cannot_hold_is_carried_along() -> None:
    (stopped,) = read(STOP)
    carrying = stopped.with_pieces({FLOATING: "late"})
    assert list(carrying.pieces) == [Piece(FLOATING, "late")]
    assert list(carrying.with_pieces({FLOATING: "***"}).pieces) == [Piece(FLOATING, "***")]
    assert carrying.with_pieces({FLOATING: ""}).said == ""
    with pytest.raises(ValueError, match="use `carrying`"):
        stopped.with_pieces({Channel(0, "arguments"): "{"})


def test_a_channel_ends_with_its_block_or_the_message() -> None:
    said, stopped, ended = read(delta(type="text_delta", text="a"), STOP, {"type": "message_stop"})
    assert not said.ends(Channel(0, "text", 0))
    assert stopped.ends(Channel(0, "text", 0))
    assert not stopped.ends(Channel(0, "arguments", 1))
    assert ended.ends(Channel(0, "arguments", 1))
    assert whole().ends(Channel(0, "text", 0))


def test_what_is_not_edited_keeps_its_bytes() -> None:
    data = b'{"type":"content_block_delta","index" : 0,"delta":{"type":"text_delta","text":"a","x" : 1e3},"y":1.50}'
    changed = MessagesFormat().read_chunk(data).with_pieces({Channel(0, "text"): "b"})
    assert changed.data == (
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"b","x":1e3},"y":1.50}'
    )


@given(st.lists(ODD, max_size=6), st.data())
def test_no_event_is_too_odd_to_be_looked_at_and_edited(documents: list[Any], data: st.DataObject) -> None:
    for document in documents:
        if isinstance(document, dict):
            (chunk,) = read(document)
            texts = {channel: data.draw(WORDS) for channel, _ in chunk.pieces}
            assert {channel: text for channel, text in texts.items() if text and channel.kind != "arguments"} == {
                channel: text for channel, text in chunk.with_pieces(texts).pieces if channel.kind != "arguments"
            }
        changed = MessagesFormat().read_whole(json.dumps(document).encode())
        changed.with_pieces(dict.fromkeys(dict(changed.pieces), "x"))
