"""A stream put together says what the whole answer would have said, and no stream is too odd to be put together."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Chunk
from proxy.wire.responses import ResponsesChunk, ResponsesCompletion
from proxy.wire.responses.split import split_response
from tests.proxy.wire.responses.answers import responses, streams
from tests.proxy.wire.responses.sequence import said, text_of


def chunks(events: list[bytes]) -> list[Chunk]:
    return [ResponsesChunk(data) for data in events]


@given(responses())
def test_an_answer_taken_apart_and_put_together_is_the_same(whole: dict[str, Any]) -> None:
    body = json.dumps(whole).encode()
    events = [data for _, data in split_response(body)]
    assert ResponsesChunk.join(chunks(events)).body == body


@given(responses())
def test_an_answer_taken_apart_keeps_to_the_sequence(whole: dict[str, Any]) -> None:
    assert said([json.loads(data) for _, data in split_response(json.dumps(whole).encode())]) == whole


@given(streams())
def test_a_stream_put_together_is_the_answer_it_was_cut_from(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    whole, events = stream
    assert json.loads(ResponsesChunk.join(chunks(events)).body) == whole


@given(streams())
def test_of_a_stream_without_its_last_event_all_items_are_kept(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    whole, events = stream
    joined = json.loads(ResponsesChunk.join(chunks(events[:-1])).body)
    assert joined == {
        **whole,
        "status": "in_progress",
        "usage": None,
        "incomplete_details": None,
    }


@given(streams(), st.data())
def test_of_a_stream_that_is_cut_what_came_is_kept(
    stream: tuple[dict[str, Any], list[bytes]], data: st.DataObject
) -> None:
    _, events = stream
    came = chunks(events[: data.draw(st.integers(1, len(events) - 1))])
    joined = ResponsesChunk.join(came)
    assert joined.text == "".join(chunk.text for chunk in came)
    assert text_of(json.loads(joined.body)) == joined.text
    assert not joined.finish_reasons


KEYS = st.sampled_from(
    ["type", "output_index", "content_index", "item", "part", "delta", "content", "response", "output"]
)
KINDS = st.sampled_from(
    [
        "response.created",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.completed",
        "message",
        "x",
    ]
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=14,
)
EVENTS = st.fixed_dictionaries(
    {"type": KINDS},
    optional=dict.fromkeys(("item", "part", "response", "delta"), ODD) | {"output_index": st.integers(-1, 2) | ODD},
)


@given(st.lists((EVENTS | ODD).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=5), min_size=1))
def test_whatever_a_provider_streams_makes_an_answer_that_can_be_read(events: list[bytes]) -> None:
    joined = ResponsesChunk.join(chunks(events))
    assert isinstance(joined, ResponsesCompletion)
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
        getattr(joined, view)
    for chunk in chunks(events):
        assert isinstance(chunk.text, str)


def test_what_is_nested_too_deeply_to_be_written_is_left_out() -> None:
    deep = b"[" * 252 + b"]" * 252
    begun = b'{"type":"response.created","response":{"id":"r"}}'
    ended = b'{"type":"response.output_item.done","output_index":0,"item":{"x":' + deep + b"}}"
    assert json.loads(ResponsesChunk.join(chunks([begun, ended])).body) == {"id": "r", "output": []}
