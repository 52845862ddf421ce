"""Whatever steps do to a stream, what its client is given is one answer, told in the API's own order."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Chunk
from middleware.reply import settled
from proxy.wire.responses import ResponsesChunk
from proxy.wire.responses.split import split_response
from tests.proxy.wire.responses.answers import responses, streams
from tests.proxy.wire.responses.sequence import Event, said, text_of

WORDS = st.sampled_from(["", "a", " b"])
Stream = tuple[dict[str, Any], list[bytes]]


def message(*pieces: str, index: int = 0, **more: Any) -> list[Event]:
    """A message as the events of its own, without their numbers."""
    text = "".join(pieces)
    item = {"id": f"m{index}", "type": "message", "status": "completed", "role": "assistant"}
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []} | more
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    empty = {**part, "text": "", "annotations": []}
    annotations = [
        {"type": "response.output_text.annotation.added", **at, "annotation_index": n, "annotation": each}
        for n, each in enumerate(part["annotations"])
    ]
    return [
        {"type": "response.output_item.added", "output_index": index, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **at, "part": empty},
        *[{"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []} for piece in pieces],
        *annotations,
        {"type": "response.output_text.done", **at, "text": text, "logprobs": part["logprobs"]},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": index, "item": {**item, "content": [part]}},
    ]


def call(index: int) -> list[Event]:
    item = {"id": f"f{index}", "type": "function_call", "call_id": f"c{index}", "name": "f", "arguments": ""}
    done = {**item, "arguments": "{}"}
    at = {"item_id": item["id"], "output_index": index}
    return [
        {"type": "response.output_item.added", "output_index": index, "item": item},
        {"type": "response.function_call_arguments.delta", **at, "delta": "{}"},
        {"type": "response.function_call_arguments.done", **at, "arguments": "{}"},
        {"type": "response.output_item.done", "output_index": index, "item": done},
    ]


def stream(*events: Event) -> list[ResponsesChunk]:
    """A stream of these events between its beginning and its end."""
    begun: Event = {"id": "r", "object": "response", "status": "in_progress", "output": [], "usage": None}
    ends = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    ended = {**begun, "status": "completed", "output": ends, "usage": {"input_tokens": 1, "output_tokens": 1}}
    told = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        *events,
        {"type": "response.completed", "response": ended},
    ]
    return [
        ResponsesChunk(json.dumps({**event, "sequence_number": number}).encode()) for number, event in enumerate(told)
    ]


def events_of(chunks: Sequence[Chunk]) -> list[Event]:
    return [json.loads(chunk.data) for chunk in chunks if isinstance(chunk, ResponsesChunk)]


def kinds(events: Sequence[Event]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def at_kind(chunks: Sequence[ResponsesChunk], kind: str) -> int:
    return next(place for place, chunk in enumerate(chunks) if chunk.kind.endswith(kind.encode()))


@given(streams())
def test_a_stream_that_nobody_edits_keeps_its_bytes(given: Stream) -> None:
    _, events = given
    chunks = [ResponsesChunk(data) for data in events]
    assert [chunk.data for chunk in settled(chunks) if isinstance(chunk, ResponsesChunk)] == events


EDITS = st.sampled_from(["keep", "keep", "keep", "keep", "text", "before", "after", "drop"])


@st.composite
def edited(draw: st.DrawFn, events: list[bytes]) -> list[ResponsesChunk]:
    """What steps may make of a stream: another text here, more text there, or none."""
    found = []
    for data in events:
        chunk, edit = ResponsesChunk(data), draw(EDITS)
        if edit == "before":
            found.append(chunk.saying(draw(WORDS)))
        if edit != "drop" or not chunk.text:
            found.append(chunk.with_text(draw(WORDS)) if edit == "text" else chunk)
        if edit == "after":
            found.append(chunk.saying(draw(WORDS)))
    return found


@given(streams(), st.data())
def test_an_edited_stream_tells_the_text_that_steps_gave_it(given: Stream, data: st.DataObject) -> None:
    whole, events = given
    chunks = data.draw(edited(events))
    response = said(events_of(settled(chunks)))
    assert text_of(response) == "".join(chunk.text for chunk in chunks)
    others = [item for item in whole["output"] if item["type"] != "message"]
    assert [item for item in response["output"] if item["type"] != "message"] == others
    assert {**response, "output": None} == {**whole, "output": None}


@given(st.data())
def test_a_message_of_which_steps_leave_things_out_is_whole_for_its_client(data: st.DataObject) -> None:
    begun, *following = stream(*message("a", "b"), *call(1), *message("c", index=2))
    left = [chunk for chunk in following if b"f1" in chunk.data or data.draw(st.booleans())]
    assert text_of(said(events_of(settled([begun, *left])))) == "".join(chunk.text for chunk in left)


@given(streams(), st.data())
def test_a_stream_that_a_step_ends_early_is_complete(given: Stream, data: st.DataObject) -> None:
    _, events = given
    chunks = data.draw(edited(events[: data.draw(st.integers(2, len(events) - 1))]))
    response = said(events_of(settled(chunks)))
    assert response["status"] == "completed"
    assert text_of(response) == "".join(chunk.text for chunk in chunks)


@given(streams())
def test_text_alone_makes_a_stream(given: Stream) -> None:
    chunks = [chunk for data in given[1] if (chunk := ResponsesChunk(data)).text]
    events = events_of(settled(chunks)) if chunks else []
    assert not chunks or text_of(said(events)) == "".join(chunk.text for chunk in chunks)


@given(responses(), st.text(), WORDS)
def test_a_whole_answer_and_what_is_said_after_it_are_one(whole: dict[str, Any], text: str, later: str) -> None:
    chunk = ResponsesChunk(json.dumps(whole).encode(), whole=True).with_text(text)
    chunks = settled([chunk, chunk.saying(later)])
    assert text_of(said(events_of(chunks))) == text + later
    assert ResponsesChunk.join([chunk, chunk.saying(later)]).text == text + later


def test_what_a_step_held_back_to_the_end_joins_the_text_that_ended_before() -> None:
    chunks = stream(*message("a", "b"))
    deltas = [chunk for chunk in chunks if chunk.text]
    held = [deltas[1].with_text(""), *chunks[5:-1], chunks[-1].with_text("B")]
    events = events_of(settled([*chunks[:4], *held]))
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert text_of(said(events)) == "".join(chunk.text for chunk in [*chunks[:4], *held])


def test_the_end_of_a_text_is_told_as_soon_as_something_follows_it() -> None:
    chunks = stream(*message("a"), *call(1))
    settling = ResponsesChunk.settling()
    for chunk in chunks[: at_kind(chunks, "arguments.delta") - 1]:
        before = list(settling.take(chunk))
    assert before == []
    following = events_of(settling.take(chunks[at_kind(chunks, "arguments.delta") - 1]))
    assert kinds(following) == ["output_text.done", "content_part.done", "output_item.done", "output_item.added"]


def test_text_that_comes_too_late_for_its_message_makes_one_between_the_others() -> None:
    chunks = stream(*message("a"), *call(1), *message("z", index=2))
    late = chunks[0].saying("late")
    place = at_kind(chunks, "arguments.delta")
    events = events_of(settled([*chunks[:place], late, *chunks[place:]]))
    response = said(events)
    assert [item["type"] for item in response["output"]] == ["message", "function_call", "message", "message"]
    assert [part["text"] for item in response["output"] for part in item.get("content", [])] == ["a", "late", "z"]
    assert [event["output_index"] for event in events if event.get("item_id") == "m2"] == [3] * 4


def test_text_before_the_first_word_begins_the_first_message() -> None:
    chunks = stream(*message("a"))
    events = events_of(settled([chunks[0].saying("x"), *chunks]))
    assert [event["delta"] for event in events if "delta" in event] == ["x", "a"]
    assert len(said(events)["output"]) == 1


def test_of_a_changed_text_no_citation_and_no_odds_are_told() -> None:
    more: Event = {"annotations": [{"type": "file_path", "file_id": "f", "index": 1}], "logprobs": [{"token": "a"}]}
    chunks = stream(*message("a", **more), *message("b", index=1, **more))
    place = next(place for place, chunk in enumerate(chunks) if chunk.text)
    chunks[place] = chunks[place].with_text("A")
    events = events_of(settled(chunks))
    first, second = said(events)["output"]
    assert first["content"] == [{"type": "output_text", "text": "A", "annotations": [], "logprobs": []}]
    assert second["content"] == [{"type": "output_text", "text": "b", **more}]
    assert [event["item_id"] for event in events if "annotation" in event] == ["m1"]


def test_text_that_no_delta_brought_past_the_steps_reaches_nobody() -> None:
    chunks = stream(*message("secret"))
    events = events_of(settled([chunk for chunk in chunks if not chunk.text]))
    assert "secret" not in json.dumps(events)
    assert text_of(said(events)) == ""


def test_an_answer_that_is_not_finished_passes_as_it_is() -> None:
    chunk = ResponsesChunk(b'{"id":"r","object":"response","status":"queued","output":[]}', whole=True)
    assert settled([chunk]) == [chunk]


def test_what_is_no_event_of_this_api_passes_uncounted() -> None:
    chunks = stream(*message("a"))
    odd = [ResponsesChunk(data) for data in (b'{"type":"x", but no JSON}', b'{"x": 1}', b'{"type":"keepalive"}')]
    found = settled([*chunks[:3], *odd, *chunks[3:]])
    passed = [chunk.data for chunk in found if isinstance(chunk, ResponsesChunk)]
    assert passed[3:5] == [b'{"type":"x", but no JSON}', b'{"x": 1}']
    assert said([json.loads(data) for data in passed if b'"sequence_number"' in data])["id"] == "r"


@given(responses())
def test_a_settled_stream_is_put_together_to_what_it_told(whole: dict[str, Any]) -> None:
    chunks = [ResponsesChunk(data).with_text("x") for _, data in split_response(json.dumps(whole).encode())]
    found = settled(chunks)
    assert json.loads(ResponsesChunk.join(found).body) == said(events_of(found))
