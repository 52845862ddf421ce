"""A message that is blocked ends in words that every client shows, and as a refusal."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Chunk
from middleware.reply import settled
from proxy.wire.messages import MessagesChunk, MessagesCompletion, MessagesFormat
from tests.proxy.wire.messages import sequence
from tests.proxy.wire.messages.conversations import DOCUMENTED, messages, streams
from tests.proxy.wire.messages.test_library import WRITER, Library, library, read

__all__ = ["library"]

FORMAT = MessagesFormat()


def blocked(passed: Sequence[Chunk], text: str) -> list[Chunk]:
    return settled([*passed, *passed[-1].blocked(text, [0])])


@given(streams(DOCUMENTED), st.text(min_size=1), st.data())
def test_the_library_makes_a_refusal_of_it_wherever_it_is_blocked(
    library: Library, stream: tuple[dict[str, Any], list[bytes]], text: str, data: st.DataObject
) -> None:
    whole, events = stream
    chunks = [
        chunk for chunk in map(FORMAT.read_chunk, events) if chunk.kind not in (b"message_delta", b"message_stop")
    ]
    given_out = blocked(chunks[: data.draw(st.integers(1, len(chunks)))], text)
    documents = [json.loads(chunk.data) for chunk in given_out if isinstance(chunk, MessagesChunk)]
    sequence.check(documents)
    answer = MessagesChunk.join(given_out)
    assert answer.text.endswith(text)
    assert list(answer.finish_reasons) == ["content_filter"]
    assert answer.usage is not None
    assert answer.usage.output == json.loads(events[0])["message"]["usage"]["output_tokens"]
    made = library.put_together([WRITER.event(chunk) for chunk in given_out])
    assert (made["id"], made["stop_reason"]) == (whole["id"], "refusal")
    assert "".join(block["text"] for block in made["content"] if block["type"] == "text") == answer.text


def test_a_stream_of_which_nothing_was_passed_on_begins_and_is_refused(library: Library) -> None:
    first, *_ = WRITER.whole(FORMAT.read_request(b'{"model":"m","messages":[]}').answer("Hi"))
    chunk = FORMAT.read_chunk(first.split(b"data: ")[1].strip())
    given_out = settled(chunk.blocked("[withheld]", [0], first=True))
    made = library.put_together([WRITER.event(each) for each in given_out])
    assert (made["content"], made["stop_reason"]) == ([{"type": "text", "text": "[withheld]"}], "refusal")
    ping = FORMAT.read_chunk(b'{"type": "ping"}')
    sequence.check(
        [
            json.loads(each.data)
            for each in settled(ping.blocked("no", [0], first=True))
            if isinstance(each, MessagesChunk)
        ]
    )


def test_what_was_counted_stays_where_the_end_had_come_already() -> None:
    events = WRITER.whole(FORMAT.read_request(b'{"model":"m","messages":[]}').answer("Hi"))
    chunks = [FORMAT.read_chunk(event.split(b"data: ")[1].strip()) for event in events[:-1]]
    chunks[-1] = FORMAT.read_chunk(
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}'
    )
    answer = MessagesChunk.join(blocked(chunks, "!"))
    assert answer.usage is not None
    assert (answer.text, list(answer.finish_reasons), answer.usage.output) == ("Hi!", ["content_filter"], 7)


@pytest.mark.parametrize("text", ["", "[withheld]"])
@given(whole=messages(DOCUMENTED))
def test_a_whole_answer_says_the_text_alone(text: str, whole: dict[str, Any]) -> None:
    chunk = FORMAT.read_whole(json.dumps(whole).encode())
    (given_out,) = chunk.blocked(text, [0])
    assert given_out.whole
    after = json.loads(given_out.data)
    assert after == {
        **whole,
        "content": [{"type": "text", "text": text}] * bool(text),
        "stop_reason": "refusal",
        "stop_sequence": None,
        "stop_details": None,
    }
    assert read(after)["id"] == whole["id"]
    assert MessagesCompletion(given_out.data).usage == MessagesCompletion(chunk.data).usage
    assert chunk.blocked(text, [1]) == (chunk,)


def test_a_choice_that_is_not_there_is_not_blocked() -> None:
    assert FORMAT.read_chunk(b'{"type": "ping"}').blocked("no", [1]) == ()
