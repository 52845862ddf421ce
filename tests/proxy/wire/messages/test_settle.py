"""Whatever steps do to a stream, the client is given one in order, and all the text they said."""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Chunk
from middleware.reply import settled
from proxy.wire.messages import MessagesChunk, MessagesCompletion, MessagesFormat
from tests.proxy.wire.messages import sequence
from tests.proxy.wire.messages.conversations import ODD, messages, streams

Edit: TypeAlias = Callable[[Chunk], Sequence[Chunk]]

EDITS: list[Edit] = [
    lambda chunk: [chunk],
    lambda chunk: [chunk.with_text(chunk.text.upper())] if chunk.text else [chunk],
    lambda chunk: [chunk.with_text("<" + chunk.text)],
    lambda chunk: [chunk.with_text("")],
    lambda chunk: [chunk.saying("before "), chunk],
    lambda chunk: [chunk, chunk.saying(" after")],
    lambda chunk: [chunk.saying("a"), chunk.saying(""), chunk.saying("b"), chunk.with_text("c")],
]
"""What a step may do with a chunk."""


def read(events: Sequence[bytes]) -> list[Chunk]:
    return [MessagesFormat().read_chunk(event) for event in events]


def documents(chunks: Sequence[Chunk]) -> list[dict[str, Any]]:
    return [json.loads(chunk.data) for chunk in chunks if isinstance(chunk, MessagesChunk)]


def without_text(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in blocks if block["type"] != "text"]


@given(streams(), st.data())
def test_edits_of_any_kind_leave_a_stream_in_order_that_says_what_they_say(
    stream: tuple[dict[str, Any], list[bytes]], data: st.DataObject
) -> None:
    whole, events = stream
    edited = [each for chunk in read(events) for each in data.draw(st.sampled_from(EDITS))(chunk)]
    given_out = settled(edited)
    sequence.check(documents(given_out))
    answer = MessagesChunk.join(given_out)
    assert answer.text == "".join(chunk.text for chunk in edited)
    assert "".join(chunk.text for chunk in given_out) == answer.text
    joined = json.loads(answer.body)
    assert without_text(joined.pop("content")) == without_text(whole.pop("content"))
    assert joined == whole


@given(streams())
def test_a_stream_that_is_left_as_it_is_keeps_its_bytes(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    _, events = stream
    given_out = settled(read(events))
    said = [chunk.data for chunk in given_out if isinstance(chunk, MessagesChunk)]
    pings = [event for event in events if json.loads(event)["type"] == "ping"]
    assert [data for data in said if data not in pings] == [event for event in events if event not in pings]
    assert len(said) == len(events)


@given(streams(), st.data())
def test_a_stream_that_a_step_ends_early_is_complete_all_the_same(
    stream: tuple[dict[str, Any], list[bytes]], data: st.DataObject
) -> None:
    _, events = stream
    chunks = read(events)[: data.draw(st.integers(1, len(events)))]
    given_out = settled([*chunks, chunks[-1].saying("[withheld]")])
    sequence.check(documents(given_out))
    assert MessagesChunk.join(given_out).text.endswith("[withheld]")


@given(streams())
def test_a_step_that_gives_text_alone_makes_a_message_of_it(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    whole, events = stream
    kept = [chunk for chunk in read(events) if chunk.text]
    last = read(events)[-1]
    given_out = settled([*kept, last.saying("!")])
    sequence.check(documents(given_out))
    joined = json.loads(MessagesChunk.join(given_out).body)
    assert [block["type"] for block in joined["content"]] == ["text"]
    assert joined["content"][0]["text"] == MessagesCompletion(json.dumps(whole).encode()).text + "!"


@given(messages(), st.text(min_size=1), st.text(min_size=1))
def test_text_said_around_a_whole_answer_becomes_part_of_it(whole: dict[str, Any], before: str, after: str) -> None:
    chunk = MessagesFormat().read_whole(json.dumps(whole).encode())
    said = [chunk.saying(before), chunk, chunk.saying(after)]
    given_out = settled(said)
    sequence.check(documents(given_out))
    for answer in (MessagesChunk.join(given_out), MessagesChunk.join(said)):
        assert answer.text == before + chunk.text + after
        assert answer.finish_reasons == MessagesCompletion(chunk.data).finish_reasons


@given(st.lists(ODD, max_size=8), st.data())
def test_no_stream_is_too_odd_to_be_settled(documents: list[Any], data: st.DataObject) -> None:
    odd = [json.dumps(document).encode() for document in documents if isinstance(document, dict)]
    if not odd:
        return
    edited = [each for chunk in read(odd) for each in data.draw(st.sampled_from(EDITS))(chunk)]
    given_out = settled(edited)
    MessagesChunk.join(given_out)
    writer = MessagesFormat().writer(None)  # type: ignore[arg-type]  # It asks nothing of the request.
    assert all(writer.event(chunk).endswith(b"\n\n") for chunk in given_out)


def event(type: str, **fields: Any) -> bytes:
    return json.dumps({"type": type, **fields}).encode()


BEGUN = {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 9, "output_tokens": 3}}
START = event("message_start", message=BEGUN)
TEXT = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
HELLO = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello"})
STOP = event("content_block_stop", index=0)
CALL = event("content_block_start", index=1, content_block={"type": "tool_use", "id": "t", "name": "f", "input": {}})
INPUT = event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": "{}"})
CALLED = event("content_block_stop", index=1)
ENDS = event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 2})
END = event("message_stop")


def kinds(chunks: Sequence[Chunk]) -> list[str]:
    return [
        f"{document['type'].removeprefix('content_block_')} {document.get('index', '')}".strip()
        for document in documents(chunks)
    ]


def test_text_that_comes_with_the_reason_to_stop_joins_the_block_before() -> None:
    chunks = read([START, TEXT, HELLO, STOP, ENDS, END])
    chunks[-2] = chunks[-2].with_text(", world")
    given_out = settled(chunks)
    assert kinds(given_out) == [
        "message_start", "start 0", "delta 0", "delta 0", "stop 0", "message_delta", "message_stop",
    ]  # fmt: skip
    assert MessagesChunk.join(given_out).text == "Hello, world"


def test_text_that_comes_after_a_call_opens_a_block_after_it() -> None:
    chunks = read([START, TEXT, HELLO, STOP, CALL, INPUT, CALLED, ENDS, END])
    given_out = settled([*chunks, chunks[-1].saying("bye")])
    assert kinds(given_out)[-5:] == ["start 2", "delta 2", "stop 2", "message_delta", "message_stop"]


def test_text_that_comes_within_a_call_waits_for_its_end() -> None:
    chunks = read([START, TEXT, HELLO, STOP, CALL, INPUT, CALLED, ENDS, END])
    chunks.insert(6, chunks[5].saying("meanwhile"))
    assert kinds(settled(chunks))[4:] == [
        "start 1", "delta 1", "stop 1", "start 2", "delta 2", "stop 2", "message_delta", "message_stop",
    ]  # fmt: skip


def test_blocks_after_text_of_a_step_count_on() -> None:
    call, asked, called = (data.replace(b'"index": 1', b'"index": 0') for data in (CALL, INPUT, CALLED))
    chunks = read([START, call, asked, called, ENDS, END])
    given_out = settled([chunks[0], chunks[0].saying("Let me look."), *chunks[1:]])
    assert kinds(given_out)[1:7] == ["start 0", "delta 0", "stop 0", "start 1", "delta 1", "stop 1"]
    sequence.check(documents(given_out))


def test_only_ends_are_held_back() -> None:
    settling = MessagesChunk.settling()
    assert settling is not None
    taken = [len(settling.take(chunk)) for chunk in read([START, TEXT, HELLO, STOP, CALL, INPUT, CALLED, ENDS, END])]
    assert taken == [1, 1, 1, 0, 2, 1, 1, 0, 0]
    assert kinds(settling.rest()) == ["message_delta", "message_stop"]


def test_pings_pass_at_once() -> None:
    settling = MessagesChunk.settling()
    assert settling is not None
    for data in (START, TEXT, HELLO, STOP):
        settling.take(*read([data]))
    assert kinds(settling.take(*read([event("ping")]))) == ["ping"]


@pytest.mark.parametrize("text", ["Hi", ""])
def test_a_block_that_starts_with_text_says_it_in_a_delta(text: str) -> None:
    """Some clients read text from deltas alone."""
    chunks = read([START, event("content_block_start", index=0, content_block={"type": "text", "text": text}), HELLO])
    given_out = settled(chunks)
    sequence.check(documents(given_out))
    assert MessagesChunk.join(given_out).text == text + "Hello"


def test_a_stream_that_a_step_ends_counts_what_was_counted_so_far() -> None:
    answer = MessagesChunk.join(settled(read([START, TEXT, HELLO])))
    assert answer.usage is not None
    assert (answer.usage.input, answer.usage.output) == (9, 3)
    assert list(answer.finish_reasons) == ["stop"]
