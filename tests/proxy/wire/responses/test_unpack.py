"""Every word of a stream is told by a delta before steps see it, wherever its provider tells it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Chunk
from middleware.reply import settled
from proxy.wire.responses import ResponsesChunk
from proxy.wire.responses.unpack import ResponsesUnpacking
from tests.proxy.wire.responses.answers import streams
from tests.proxy.wire.responses.sequence import Event, said

Stream = tuple[dict[str, Any], list[bytes]]
OUTPUT: list[dict[str, Any]] = [
    {"id": "rs", "type": "reasoning", "summary": [{"type": "summary_text", "text": "thought"}]},
    {
        "id": "msg",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [
            {"type": "output_text", "text": "written", "annotations": []},
            {"type": "refusal", "refusal": "refused"},
        ],
    },
    {"id": "fc", "type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":"called"}', "status": "x"},
    {"id": "ct", "type": "custom_tool_call", "call_id": "d", "name": "g", "input": "custom"},
    {"id": "ls", "type": "local_shell_call", "call_id": "e", "action": {"command": ["run"]}, "status": "x"},
]
WORDS = ["thought", "written", "refused", "called", "custom", "run"]
EMPTIED: list[dict[str, Any]] = [
    {"id": "rs", "type": "reasoning", "summary": []},
    {"id": "msg", "type": "message", "status": "in_progress", "role": "assistant", "content": []},
    {**OUTPUT[2], "arguments": ""},
    {**OUTPUT[3], "input": ""},
    {**OUTPUT[4], "action": {}},
]


def chunk(type: str, **fields: Any) -> ResponsesChunk:
    return ResponsesChunk(json.dumps({"type": f"response.{type}", **fields}).encode())


def response(output: Any) -> dict[str, Any]:
    return {"id": "r", "object": "response", "status": "completed", "output": output}


def items(kind: str, output: Any) -> list[ResponsesChunk]:
    return [chunk(f"output_item.{kind}", output_index=index, item=item) for index, item in enumerate(output)]


BEGUN = chunk("created", response={**response([]), "status": "in_progress"})
ENDED = chunk("completed", response=response(OUTPUT))
SUMMARY = {"item_id": "rs", "output_index": 0, "summary_index": 0}
TEXT = {"item_id": "msg", "output_index": 1, "content_index": 0}
REFUSAL = {**TEXT, "content_index": 1}
ENDS_OF_TEXTS = [
    chunk("reasoning_summary_part.added", **SUMMARY, part={"type": "summary_text", "text": ""}),
    chunk("reasoning_summary_text.done", **SUMMARY, text="thought"),
    chunk("reasoning_summary_part.done", **SUMMARY, part=OUTPUT[0]["summary"][0]),
    chunk("content_part.added", **TEXT, part={"type": "output_text", "text": "", "annotations": []}),
    chunk("output_text.done", **TEXT, text="written"),
    chunk("content_part.done", **TEXT, part=OUTPUT[1]["content"][0]),
    chunk("content_part.added", **REFUSAL, part={"type": "refusal", "refusal": ""}),
    chunk("refusal.done", **REFUSAL, refusal="refused"),
    chunk("content_part.done", **REFUSAL, part=OUTPUT[1]["content"][1]),
    chunk("function_call_arguments.done", item_id="fc", output_index=2, arguments='{"a":"called"}'),
    chunk("custom_tool_call_input.done", item_id="ct", output_index=3, input="custom"),
]
TOLD_LATE = {
    "in the ends of texts": [BEGUN, *items("added", EMPTIED), *ENDS_OF_TEXTS, *items("done", OUTPUT), ENDED],
    "in the ends of items": [BEGUN, *items("added", EMPTIED), *items("done", OUTPUT), ENDED],
    "in ends of items that never began": [BEGUN, *items("done", OUTPUT), ENDED],
    "in the beginnings of items": [BEGUN, *items("added", OUTPUT), *items("done", OUTPUT), ENDED],
    "in the end of the response": [BEGUN, ENDED],
    "in its beginning too": [chunk("created", response=response(OUTPUT)), ENDED],
}


def unpacked(chunks: list[ResponsesChunk]) -> list[ResponsesChunk]:
    unpacking = ResponsesUnpacking()
    found = [each for chunk in chunks for each in unpacking.take(chunk)]
    return [each for each in found if isinstance(each, ResponsesChunk)]


def events_of(chunks: list[Chunk]) -> list[Event]:
    return [json.loads(each.data) for each in chunks if isinstance(each, ResponsesChunk)]


@given(streams())
def test_a_stream_that_tells_all_in_deltas_keeps_its_bytes(stream: Stream) -> None:
    chunks = [ResponsesChunk(data) for data in stream[1]]
    assert unpacked(chunks) == chunks


@given(streams(), st.data())
def test_deltas_that_are_left_out_are_made_up_for(stream: Stream, data: st.DataObject) -> None:
    answer, events = stream
    chunks = [ResponsesChunk(each) for each in events]
    last = data.draw(st.integers(0, len(chunks)))
    kept = [each for place, each in enumerate(chunks) if place < last or not each.kind.endswith(b".delta")]
    assert said(events_of(settled(unpacked(kept)))) == answer


@pytest.mark.parametrize("stream", TOLD_LATE.values(), ids=TOLD_LATE)
def test_text_that_is_told_late_is_told_by_a_piece_before(stream: list[ResponsesChunk]) -> None:
    found = unpacked(stream)
    assert [word for word in WORDS if word not in str([each.pieces for each in found])] == []
    assert said(events_of(settled(found)))["output"] == OUTPUT


@pytest.mark.parametrize("stream", TOLD_LATE.values(), ids=TOLD_LATE)
def test_other_words_in_place_of_it_are_told_everywhere(stream: list[ResponsesChunk]) -> None:
    changed = [
        each.with_pieces({channel: '{"x":"***"}' for channel, _ in each.pieces}) if each.pieces else each
        for each in unpacked(stream)
    ]
    told = json.dumps(events_of(settled(changed)))
    assert [word for word in WORDS if f'{word}"' in told or f'{word}\\"' in told] == []


def test_items_that_never_end_are_told_at_the_end_of_the_response() -> None:
    found = unpacked([BEGUN, *items("added", OUTPUT), ENDED])
    assert [word for word in WORDS if word not in str([each.pieces for each in found])] == []
    assert events_of(settled(found))[-1]["response"]["output"] == OUTPUT


@pytest.mark.parametrize(
    ("deltas", "arguments"),
    [
        (['{"a":1}'], '{"a":1}'),
        (['{"a', '":1}'], '{"a":1}'),
        (["", '{"a":1}'], '{"a":1}'),
        ([', "b":2}'], '{"a":1}, "b":2}'),
        ([], '{"a":1}'),
    ],
    ids=["repeated", "repeated in pieces", "after nothing", "gone on from", "alone"],
)
def test_what_an_item_begins_with_is_told_once(deltas: list[str], arguments: str) -> None:
    item = {"id": "fc", "type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'}
    said_in_deltas = [
        chunk("function_call_arguments.delta", item_id="fc", output_index=0, delta=text) for text in deltas
    ]
    done = items("done", [{**item, "arguments": arguments}])
    found = unpacked([BEGUN, *items("added", [item]), *said_in_deltas, *done])
    assert "".join(text for each in found for _, text in each.pieces) == arguments


def test_an_end_that_says_another_thing_than_its_deltas_says_what_they_did() -> None:
    item = {"id": "fc", "type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    other = {**item, "arguments": "other"}
    stream = [
        BEGUN,
        *items("added", [item]),
        chunk("function_call_arguments.delta", item_id="fc", output_index=0, delta="seen"),
        chunk("function_call_arguments.done", item_id="fc", output_index=0, arguments="other"),
        *items("done", [other]),
        chunk("completed", response=response([other])),
    ]
    told = events_of(settled(unpacked(stream)))
    assert "other" not in json.dumps(told)
    assert told[-1]["response"]["output"] == [{**item, "arguments": "seen"}]


def test_an_event_that_names_its_item_by_id_alone_is_of_that_item() -> None:
    item = {"id": "fc", "type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    lost = chunk("function_call_arguments.delta", item_id="x", delta="nobody's")
    delta = chunk("function_call_arguments.delta", item_id="fc", delta="{}")
    found = unpacked([BEGUN, *items("added", [item]), lost, delta])
    assert [text for each in found for _, text in each.pieces] == ["{}"]
