"""Every word of the model is seen part by part, and other words take its place wherever it is repeated."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Channel, Chunk, Piece
from middleware.reply import settled
from proxy.wire.responses import ResponsesChunk
from tests.proxy.wire.channels import WORDS, told
from tests.proxy.wire.responses.answers import responses, streams
from tests.proxy.wire.responses.sequence import Event, said

Stream = tuple[dict[str, Any], list[bytes]]
FLOATING = Channel(0, "text", -1)
OBJECTS = ("web_search_call", "local_shell_call")


def chunk(type: str, **fields: Any) -> ResponsesChunk:
    return ResponsesChunk(json.dumps({"type": f"response.{type}", **fields}).encode())


def whole(*output: Event) -> ResponsesChunk:
    response = {"id": "r", "object": "response", "status": "completed", "output": list(output)}
    return ResponsesChunk(json.dumps(response).encode(), whole=True)


def telling(chunks: Iterable[ResponsesChunk]) -> list[ResponsesChunk]:
    """Without the beginnings of items that are told again at their end."""
    return [chunk for chunk in chunks if chunk.kind != b"response.output_item.added"]


def events_of(chunks: list[Chunk]) -> list[Event]:
    return [json.loads(chunk.data) for chunk in chunks if isinstance(chunk, ResponsesChunk)]


@given(streams())
def test_the_pieces_of_a_stream_are_those_of_the_whole_answer(stream: Stream) -> None:
    answer, events = stream
    assert told(telling(map(ResponsesChunk, events))) == told([ResponsesChunk(json.dumps(answer).encode(), whole=True)])


@given(responses())
def test_no_text_of_an_answer_is_overlooked(answer: dict[str, Any]) -> None:
    found = sorted(told([ResponsesChunk(json.dumps(answer).encode(), whole=True)]).values())
    expected: list[str] = []
    for item in answer["output"]:
        parts = [*item.get("content", []), *item.get("summary", [])]
        expected += [part.get("text", part.get("refusal")) for part in parts]
        expected += [item[name] for name in ("arguments", "input", "code") if name in item]
        expected += [json.dumps(item["action"], separators=(",", ":"))] if item["type"] in OBJECTS else []
    assert found == sorted(text for text in expected if text)


@given(streams(), st.data())
def test_other_words_are_told_by_all_events_that_repeat_them(stream: Stream, data: st.DataObject) -> None:
    answer, events = stream
    after = [
        chunk.with_pieces({channel: data.draw(WORDS) for channel, _ in chunk.pieces})
        for chunk in map(ResponsesChunk, events)
    ]
    response = said(events_of(settled(after)))
    given_out = told([ResponsesChunk(json.dumps(response).encode(), whole=True)])
    words = {channel: text for channel, text in told(telling(after)).items() if text != "{}"}
    assert {channel: text for channel, text in given_out.items() if channel in words} == words
    assert {**response, "output": None} == {**answer, "output": None}
    assert [item["type"] for item in response["output"]] == [item["type"] for item in answer["output"]]


@given(streams(), st.data())
def test_words_that_are_only_cut_otherwise_leave_the_rest_as_it_is(stream: Stream, data: st.DataObject) -> None:
    """A step may hold a part of a text back, and say it later: what is said in all is what counts."""
    answer, events = stream
    cut: list[Chunk] = []
    for each in map(ResponsesChunk, events):
        if each.kind.endswith(b".delta") and each.pieces:
            ((channel, text),) = each.pieces
            place = data.draw(st.integers(0, len(text)))
            cut += [each.with_pieces({channel: text[:place]}), each.carrying(channel, text[place:])]
        else:
            cut.append(each)
    assert said(events_of(settled(cut))) == answer


@given(responses(), st.data())
def test_other_words_in_a_whole_answer_change_what_is_said_and_nothing_else(
    answer: dict[str, Any], data: st.DataObject
) -> None:
    before = ResponsesChunk(json.dumps(answer).encode(), whole=True)
    texts = {channel: data.draw(WORDS) for channel, _ in before.pieces}
    after = before.with_pieces(texts)
    found = dict(after.pieces)
    assert {c: text for c, text in texts.items() if text and c.kind != "arguments"} == {
        c: text for c, text in found.items() if c.kind != "arguments"
    }
    assert {**json.loads(after.data), "output": 0} == {**answer, "output": 0}
    if texts == dict(before.pieces):
        assert after is before


@pytest.mark.parametrize(
    ("type", "place", "channel"),
    [
        ("output_text", {"content_index": 2}, Channel(0, "text", (3 << 16) + 2)),
        ("refusal", {"content_index": 2}, Channel(0, "refusal", (3 << 16) + 2)),
        ("reasoning_text", {"content_index": 2}, Channel(0, "reasoning", (3 << 16) + 2)),
        ("reasoning_summary_text", {"summary_index": 2}, Channel(0, "reasoning", (3 << 16) + 0x4000 + 2)),
        ("function_call_arguments", {}, Channel(0, "arguments", 3 << 16)),
        ("custom_tool_call_input", {}, Channel(0, "arguments", (3 << 16) + 1)),
        ("mcp_call_arguments", {}, Channel(0, "arguments", (3 << 16) + 2)),
        ("code_interpreter_call_code", {}, Channel(0, "arguments", (3 << 16) + 3)),
    ],
)
def test_each_way_to_say_something_is_a_channel_that_can_say_another_thing(
    type: str, place: dict[str, int], channel: Channel
) -> None:
    place = {"output_index": 3, **place}
    said = chunk(f"{type}.delta", item_id="i", **place, delta="a")
    assert list(said.pieces) == [Piece(channel, "a")]
    for changed in (said.with_pieces({channel: "b"}), said.carrying(channel, "b")):
        assert list(changed.pieces) == [Piece(channel, "b")]
        assert changed.kind == said.kind
    assert said.with_pieces({channel: "a"}) is said
    assert not said.ends(channel)
    done = chunk(f"{type}.done", item_id="i", **place)
    assert (done.ends(channel), list(done.pieces)) == (True, [])
    assert chunk("output_item.done", output_index=3, item={"id": "i", "type": "message"}).ends(channel)
    assert not chunk("output_item.done", output_index=2, item={"id": "i", "type": "message"}).ends(channel)
    assert chunk("completed", response={}).ends(channel)


def test_what_no_delta_tells_is_seen_when_its_item_ends() -> None:
    item = {"type": "local_shell_call", "id": "i", "call_id": "c", "action": {"command": ["sk-1"]}}
    begun = chunk("created", response={"id": "r", "output": []})
    added = chunk("output_item.added", output_index=0, item={**item, "action": {}})
    done = chunk("output_item.done", output_index=0, item=item)
    ended = chunk("completed", response={"id": "r", "status": "completed", "output": [item]})
    ((channel, text),) = done.pieces
    assert text == '{"command":["sk-1"]}'
    stream = [begun, added, done.with_pieces({channel: '{"command":["***"]}'}), ended]
    given_out = events_of(settled(stream))
    assert "sk-1" not in json.dumps(given_out)
    assert given_out[-1]["response"]["output"] == [{**item, "action": {"command": ["***"]}}]


def test_text_that_an_event_cannot_hold_is_carried_along() -> None:
    begun = chunk("created", response={})
    carrying = begun.with_pieces({FLOATING: "late"})
    assert list(carrying.pieces) == [Piece(FLOATING, "late")]
    assert list(carrying.with_pieces({FLOATING: "***"}).pieces) == [Piece(FLOATING, "***")]
    assert list(begun.carrying(FLOATING, "x").pieces) == [Piece(FLOATING, "x")]
    with pytest.raises(ValueError, match="use `carrying`"):
        begun.with_pieces({Channel(0, "arguments"): "{"})


def test_arguments_that_are_an_object_stay_one() -> None:
    item = {"type": "local_shell_call", "id": "i", "action": {"command": ["a"]}}
    ((channel, _),) = whole(item).pieces
    changed = whole(item).with_pieces({channel: "no object"})
    assert json.loads(changed.data)["output"] == [{**item, "action": {"text": "no object"}}]
