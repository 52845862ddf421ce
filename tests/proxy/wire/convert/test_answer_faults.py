"""Whatever an upstream sends in place of an answer ends in one kind of error, or in an answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import UpstreamBroke
from proxy.wire.convert.pieces import Api
from tests.proxy.wire.answers import JSON
from tests.proxy.wire.convert.random_answers import PAIRS, Answer, answers
from tests.proxy.wire.convert.speaking import SPEECH, converted, streamed, streams

each_pair = pytest.mark.parametrize(("source", "target"), PAIRS)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document, as the keys and indexes that lead there."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = changed(document[path[0]], path[1:], value)
    return copy


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """The same document with another value in some place, or cut, or with bytes that are no text."""
    kind = draw(st.sampled_from(["value", "value", "value", "cut", "bytes"]))
    place = draw(st.integers(0, len(body)))
    if kind == "cut":
        return body[:place]
    if kind == "bytes":
        return body[:place] + draw(st.binary(max_size=3)) + body[place:]
    document = json.loads(body)
    return json.dumps(changed(document, draw(st.sampled_from(places(document))), draw(JSON))).encode()


@each_pair
@given(st.data(), answers())
def test_a_damaged_answer_is_an_answer_or_broken(source: Api, target: Api, data: st.DataObject, answer: Answer) -> None:
    body = data.draw(damaged(SPEECH[source].whole(answer)))
    try:
        told = converted(body, source, target)
    except UpstreamBroke:
        return
    SPEECH[target].read(told)


@each_pair
@given(st.data(), answers())
def test_a_damaged_stream_is_a_stream_or_broken(source: Api, target: Api, data: st.DataObject, answer: Answer) -> None:
    events = data.draw(streams(source, answer))
    events = [data.draw(damaged(event)) if data.draw(st.integers(0, 3)) == 0 else event for event in events]
    dropped = data.draw(st.sets(st.integers(0, len(events))))
    try:
        told = streamed([event for place, event in enumerate(events) if place not in dropped], source, target)
    except UpstreamBroke:
        return
    SPEECH[target].read(SPEECH[target].join(told))


@each_pair
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"nonsense", b'{"error":{"message":"no"}}', b"\xff"])
def test_what_is_no_answer_is_told_as_broken(source: Api, target: Api, body: bytes) -> None:
    with pytest.raises(UpstreamBroke, match="the upstream sent an answer that cannot be read"):
        converted(body, source, target)


@each_pair
def test_events_of_unknown_kinds_are_nothing(source: Api, target: Api) -> None:
    odd = json.dumps({"type": "response.hologram.delta", "delta": {"x": [1]}, "index": "first", "item": 3}).encode()
    events = [event for event in streamed([odd], source, target) if b"hologram" in event]
    assert events == []


@each_pair
def test_a_stream_without_any_event_is_an_empty_answer(source: Api, target: Api) -> None:
    answer = SPEECH[target].read(SPEECH[target].join(streamed([], source, target)))
    assert (answer.parts, answer.reason) == ((), "stop")
