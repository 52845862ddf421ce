"""A stream put together says what the whole answer would have said, and no stream is too odd to be put together."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.messages.join import join_events
from proxy.wire.messages.split import split_message
from tests.proxy.wire.messages import sequence
from tests.proxy.wire.messages.conversations import ODD, messages, streams


@given(streams())
def test_a_stream_put_together_is_the_answer_it_was_cut_from(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    whole, events = stream
    assert json.loads(join_events(events)) == whole


@given(messages())
def test_an_answer_taken_apart_and_put_together_is_the_same(whole: dict[str, Any]) -> None:
    events = split_message(json.dumps(whole).encode())
    sequence.check([json.loads(event.data) for event in events])
    assert json.loads(join_events([event.data for event in events])) == whole


@given(st.lists(ODD.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=5)))
def test_whatever_a_provider_streams_makes_a_document(events: list[bytes]) -> None:
    joined = json.loads(join_events(events))
    assert isinstance(joined["content"], list)


def event(type: str, **fields: Any) -> bytes:
    return json.dumps({"type": type, **fields}).encode()


def input_of(*pieces: str) -> Any:
    start = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    events = [event("content_block_start", index=0, content_block=start)]
    events += [event("content_block_delta", index=0, delta=delta) for delta in deltas]
    return json.loads(join_events(events))["content"][0]["input"]


def test_an_input_that_is_no_json_stays_as_the_model_wrote_it() -> None:
    assert input_of('{"city": "Par', "is") == '{"city": "Paris'


def test_an_input_is_read_once_it_is_complete_and_keeps_its_numbers() -> None:
    assert input_of('{"n": 12345678', '901234567890, "x": 1.0}') == {"n": 12345678901234567890, "x": 1.0}
    assert input_of("") == {}
    assert input_of() == {}


def test_counts_at_the_end_replace_those_of_the_beginning_and_nulls_do_not() -> None:
    start = {"id": "m", "usage": {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 7}}
    counted = {"output_tokens": 9, "cache_read_input_tokens": None}
    joined = join_events(
        [
            event("message_start", message=start),
            event("message_delta", delta={"stop_reason": "max_tokens"}, usage={"output_tokens": 4}),
            event("message_delta", delta={"stop_reason": "end_turn", "container": None}, usage=counted),
        ]
    )
    assert json.loads(joined) == {
        "type": "message",
        "role": "assistant",
        "id": "m",
        "usage": {"input_tokens": 5, "output_tokens": 9, "cache_read_input_tokens": 7},
        "stop_reason": "end_turn",
        "container": None,
        "content": [],
    }


def test_deltas_of_a_kind_nobody_knows_yet_grow_the_block() -> None:
    deltas = [{"type": "score_delta", "score": n, "notes": f"{n} ", "seen": [n]} for n in (1, 2)]
    events = [event("content_block_start", index=0, content_block={"type": "graded", "notes": "", "seen": []})]
    events += [event("content_block_delta", index=0, delta=delta) for delta in deltas]
    assert json.loads(join_events(events))["content"] == [
        {"type": "graded", "notes": "1 2 ", "seen": [1, 2], "score": 2}
    ]


def test_deltas_of_a_block_that_never_started_are_kept() -> None:
    deltas = [{"type": "text_delta", "text": "lo"}, {"type": "text_delta", "text": "st"}]
    events = [event("content_block_delta", index=0, delta=delta) for delta in deltas]
    assert json.loads(join_events(events))["content"] == [{"type": "text", "text": "lost"}]
