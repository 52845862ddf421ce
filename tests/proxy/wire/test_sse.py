"""A stream of server-sent events means the same however the network cuts it, and what is written can be read."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.wire.sse import EventReader, EventTooLarge, event

LINES = st.sampled_from(
    [
        "data: {}",
        'data: {"a":1}',
        "data:no space",
        "data:  two",
        "data:",
        ": a comment",
        "event: message",
        "id: 7",
        "retry: 10",
        "",
        "",
        "nonsense",
        "data: ü€",
    ]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(st.tuples(LINES, ENDS), max_size=12))
    return (draw(st.sampled_from(["", "\ufeff"])) + "".join(line + end for line, end in lines)).encode()


def read(pieces: list[bytes]) -> list[bytes]:
    reader = EventReader()
    found = [data for piece in pieces for data in reader.feed(piece)]
    return found + reader.finish()


def by_the_book(stream: bytes) -> list[bytes]:
    """The standard's own algorithm, line by line: https://html.spec.whatwg.org/#event-stream-interpretation."""
    text = stream.removeprefix("\ufeff".encode()).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    *lines, _ = text.split(b"\n")
    found: list[bytes] = []
    held: list[bytes] = []
    for line in [*lines, b""]:
        if line == b"":
            if data := b"\n".join(held):  # An event of no data tells nobody anything.
                found.append(data)
            held = []
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            held.append(value.removeprefix(b" "))
    return found


@given(streams(), st.lists(st.integers(0, 200), max_size=8))
@example("\ufeffdata: a\r\n\r\ndata: b\r\r".encode(), [1, 2])
def test_any_cut_of_a_stream_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    whole = read([stream])
    places = sorted(min(place, len(stream)) for place in cuts)
    assert read([stream[a:b] for a, b in pairwise([0, *places, len(stream)])]) == whole
    assert read([stream[place : place + 1] for place in range(len(stream))]) == whole


# What a whole last event is, we see more generously than the standard: so this one ends in a blank line.
@given(streams().map(lambda stream: stream + b"\n\n"))
def test_streams_are_read_as_the_standard_says(stream: bytes) -> None:
    assert read([stream]) == by_the_book(stream)


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(JSON, st.sampled_from([None, 1, "\t"]))
def test_an_event_carries_any_json_and_is_read_back(document: object, indent: int | str | None) -> None:
    written = event(json.dumps(document, indent=indent).encode())
    assert written.count(b"\n\n") == 1
    assert written.endswith(b"\n\n")
    (data,) = read([written])
    assert json.loads(data) == document


@pytest.mark.parametrize(
    ("ending", "found"),
    [
        (b"data: [DONE]", [b"[DONE]"]),
        (b'data: {"a":1}', [b'{"a":1}']),
        (b'data: {"a":1}\n', [b'{"a":1}']),
        (b'data: {"a":1}\r', [b'{"a":1}']),
        (b'data: {"a', []),
        (b"data: [DO", []),
        (b": pi", []),
    ],
)
def test_a_last_event_without_its_blank_line_counts_where_it_is_whole(ending: bytes, found: list[bytes]) -> None:
    assert read([b"data: 1\n\n" + ending]) == [b"1", *found]


def test_an_event_without_end_is_refused_before_it_fills_the_memory() -> None:
    reader = EventReader()
    for _ in range(16):
        reader.feed(b"x" * 1024 * 1024)
    with pytest.raises(EventTooLarge):
        reader.feed(b"x")
