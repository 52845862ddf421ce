"""Every word of the model is seen channel by channel, and other words take its place without leaving a trace of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Channel, Piece
from proxy.wire.chat import ChatChunk, ChatCompletion
from tests.proxy.wire.answers import completions, streams
from tests.proxy.wire.channels import WORDS, told

TEXT, REFUSAL, CALL = Channel(0, "text"), Channel(0, "refusal"), Channel(0, "arguments")


def chunk(finish_reason: str | None = None, /, index: int = 0, **delta: Any) -> ChatChunk:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
    return ChatChunk(json.dumps({"id": "1", "model": "m", "choices": [choice]}).encode())


def whole(**message: Any) -> ChatChunk:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return ChatChunk(json.dumps({"id": "1", "model": "m", "choices": [choice]}).encode(), whole=True)


def said(chunk: ChatChunk) -> Any:
    choice = json.loads(chunk.data)["choices"][0]
    return choice["message"] if chunk.whole else choice["delta"]


@given(streams())
def test_the_pieces_of_a_stream_are_those_of_the_whole_answer(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    answer, events = stream
    assert told(map(ChatChunk, events)) == told([ChatChunk(json.dumps(answer).encode(), whole=True)])


@given(completions())
def test_every_text_of_an_answer_has_its_channel(answer: dict[str, Any]) -> None:
    found = told([ChatChunk(json.dumps(answer).encode(), whole=True)])
    for index, choice in enumerate(answer["choices"]):
        message = choice["message"]
        assert found.pop(Channel(index, "text"), "") == (message["content"] or "")
        assert found.pop(Channel(index, "refusal"), "") == message.get("refusal", "")
        assert found.pop(Channel(index, "reasoning"), "") == message.get("reasoning_content", "")
        for place, call in enumerate(message.get("tool_calls", [])):
            custom = call["type"] == "custom"
            text = call["custom"]["input"] if custom else call["function"]["arguments"]
            assert found.pop(Channel(index, "arguments", -2 - place if custom else place), "") == text
    assert not found


@pytest.mark.parametrize(
    ("delta", "piece"),
    [
        ({"content": "a"}, Piece(TEXT, "a")),
        ({"refusal": "a"}, Piece(REFUSAL, "a")),
        ({"reasoning_content": "a"}, Piece(Channel(0, "reasoning", 0), "a")),
        ({"reasoning": "a"}, Piece(Channel(0, "reasoning", 1), "a")),
        ({"content": [{"type": "thinking", "thinking": "a"}]}, Piece(Channel(0, "reasoning", 2), "a")),
        ({"content": [{"type": "thinking", "thinking": [{"text": "a"}]}]}, Piece(Channel(0, "reasoning", 2), "a")),
        ({"content": [{"type": "text", "text": "a"}]}, Piece(TEXT, "a")),
        ({"audio": {"data": "AAAA", "transcript": "a"}}, Piece(Channel(0, "text", 1), "a")),
        ({"function_call": {"arguments": "a"}}, Piece(Channel(0, "arguments", -1), "a")),
        ({"tool_calls": [{"index": 3, "function": {"arguments": "a"}}]}, Piece(Channel(0, "arguments", 3), "a")),
        ({"tool_calls": [{"index": 3, "custom": {"input": "a"}}]}, Piece(Channel(0, "arguments", -5), "a")),
        ({"tool_calls": [{"function": {"name": None, "arguments": "a"}}]}, Piece(CALL, "a")),
        ({"tool_calls": [{"function": {"arguments": {"x": 1}}}]}, Piece(CALL, '{"x":1}')),
    ],
)
def test_each_way_to_say_something_is_a_channel_that_can_say_another_thing(delta: dict[str, Any], piece: Piece) -> None:
    given_out = chunk(**delta)
    assert given_out.pieces == [piece]
    for changed in (given_out.with_pieces({piece.channel: "bc"}), given_out.carrying(piece.channel, "bc")):
        if piece.channel.item != 2 and piece.channel != Channel(0, "text", 1):
            assert changed.pieces == [Piece(piece.channel, "bc")]
    assert given_out.with_pieces({piece.channel: ""}).pieces == []
    assert given_out.with_pieces({piece.channel: piece.text}) is given_out


@pytest.mark.parametrize("odd", [{"usage": "lots"}, {"choices": [{"index": 0, "delta": {"content": "a", "audio": 1}}]}])
def test_what_is_odd_beside_a_text_does_not_hide_it(odd: dict[str, Any]) -> None:
    document = {"choices": [{"index": 0, "delta": {"content": "a", "refusal": None}}], **odd}
    odd_chunk = ChatChunk(json.dumps(document).encode())
    assert odd_chunk.pieces == [Piece(TEXT, "a")]
    assert odd_chunk.with_pieces({TEXT: "b"}).pieces == [Piece(TEXT, "b")]


@given(streams(), st.data())
def test_other_words_change_what_is_said_and_nothing_else(
    stream: tuple[dict[str, Any], list[bytes]], data: st.DataObject
) -> None:
    for event in stream[1]:
        before = ChatChunk(event)
        texts = {channel: data.draw(WORDS) for channel, _ in before.pieces}
        after = before.with_pieces(texts)
        assert {channel: text for channel, text in texts.items() if text} == dict(after.pieces)
        assert before.deltas == after.with_pieces(dict(before.pieces)).deltas
        assert [delta.finish_reason for delta in before.deltas] == [delta.finish_reason for delta in after.deltas]
        if texts == dict(before.pieces):
            assert after is before


@given(completions(), st.data())
def test_other_words_in_a_whole_answer_change_what_is_said_and_nothing_else(
    answer: dict[str, Any], data: st.DataObject
) -> None:
    before = ChatChunk(json.dumps(answer).encode(), whole=True)
    texts = {channel: data.draw(WORDS) for channel, _ in before.pieces}
    after = before.with_pieces(texts)
    assert {channel: text for channel, text in texts.items() if text} == dict(after.pieces)
    assert json.loads(after.data)["usage"] == answer["usage"]
    assert [call.id for call in ChatCompletion(after.data).calls] == [
        call.id for call in ChatCompletion(before.data).calls
    ]


def test_what_is_not_edited_keeps_its_bytes() -> None:
    data = b'{"n" : 1.50, "choices": [{"index": 0, "delta": {"content": "a", "x" : 1e3}}, {"index" : 1, "delta": {}}]}'
    changed = ChatChunk(data).with_pieces({TEXT: "b"}).data
    assert changed == (b'{"n":1.50,"choices":[{"index":0,"delta":{"content":"b","x":1e3}},{"index":1,"delta":{}}]}')


def test_nothing_tells_the_old_words_once_more() -> None:
    details = [{"type": "reasoning.text", "text": "secret", "signature": "s"}]
    thought = chunk(reasoning="secret", reasoning_details=details, thinking_blocks=details)
    assert b"secret" not in thought.with_pieces({Channel(0, "reasoning", 1): "***"}).data
    document = {
        "choices": [{
            "index": 0, "delta": {"content": "secret"}, "token_ids": [1],
            "logprobs": {"content": [{"token": "secret", "logprob": -1}]},
        }]
    }  # fmt: skip
    changed = ChatChunk(json.dumps(document).encode()).with_pieces({TEXT: "***"})
    choice = json.loads(changed.data)["choices"][0]
    assert (choice["logprobs"], choice["token_ids"]) == (None, None)


def test_a_voice_that_said_other_words_is_not_heard() -> None:
    changed = whole(content=None, audio={"id": "a", "data": "AAAA", "transcript": "secret"})
    spoken = said(changed.with_pieces({Channel(0, "text", 1): "***"}))["audio"]
    assert spoken == {"id": "a", "data": "", "transcript": "***"}


def test_a_citation_stays_where_its_place_says_what_it_said() -> None:
    cited = [
        {"type": "url_citation", "url_citation": {"start_index": start, "end_index": start + 2, "url": "u"}}
        for start in (0, 5)
    ]
    changed = whole(content="ab cd ef", annotations=cited).with_pieces({TEXT: "ab *** ef"})
    assert said(changed)["annotations"] == cited[:1]
    assert said(chunk(content="ab", annotations=cited).with_pieces({TEXT: "b"}))["annotations"] == []


def test_text_can_be_put_where_there_was_none() -> None:
    first = chunk(role="assistant", content="")
    assert first.with_pieces({TEXT: "a"}).pieces == [Piece(TEXT, "a")]
    assert first.with_pieces({CALL: "{}"}).pieces == [Piece(CALL, "{}")]
    assert first.with_pieces({Channel(1, "text"): "b"}).pieces == [Piece(Channel(1, "text"), "b")]
    usage = ChatChunk(b'{"id":"1","choices":[],"usage":{"prompt_tokens":1}}')
    assert usage.with_pieces({TEXT: "a"}).pieces == [Piece(TEXT, "a")]


def test_two_calls_at_one_place_are_one_channel() -> None:
    calls = [{"index": 0, "function": {"arguments": text}} for text in ("a", "b")]
    both = chunk(tool_calls=calls)
    assert both.pieces == [Piece(CALL, "ab")]
    assert both.with_pieces({CALL: "c"}).pieces == [Piece(CALL, "c")]


def test_a_channel_ends_with_its_choice() -> None:
    assert not chunk(content="a").ends(TEXT)
    ended = chunk("stop", index=1)
    assert ended.ends(Channel(1, "text"))
    assert ended.ends(Channel(1, "arguments", 4))
    assert not ended.ends(TEXT)
    assert whole(content="a").ends(TEXT)


def test_a_released_piece_is_a_chunk_like_the_others() -> None:
    usage = ChatChunk(b'{"id":"1","model":"m","choices":[],"usage":{"x":1}}')
    assert json.loads(usage.carrying(Channel(2, "arguments", 1), "{").data) == {
        "id": "1",
        "model": "m",
        "choices": [
            {"index": 2, "delta": {"tool_calls": [{"index": 1, "function": {"arguments": "{"}}]}, "finish_reason": None}
        ],
    }
