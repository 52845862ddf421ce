"""For random answers, one API → another → back is the identity on what both can express, whole and streamed alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.convert.pieces import Api
from tests.proxy.wire.convert.random_answers import PAIRS, Answer, answers, told_by_all
from tests.proxy.wire.convert.speaking import SPEECH, converted, received, streamed, streams, unmarked

each_pair = pytest.mark.parametrize(("source", "target"), PAIRS)


def read(api: Api, body: bytes, *apis: Api) -> Answer:
    return unmarked(told_by_all(SPEECH[api].read(body), *apis))


@each_pair
@given(answers())
def test_a_whole_answer_says_the_same_in_another_api(source: Api, target: Api, answer: Answer) -> None:
    told = converted(SPEECH[source].whole(answer), source, target)
    assert read(target, told, source, target) == told_by_all(answer, source, target)


@each_pair
@given(answers())
def test_a_whole_answer_there_and_back_is_as_it_was(source: Api, target: Api, answer: Answer) -> None:
    there = converted(SPEECH[source].whole(answer), source, target)
    back = converted(there, target, source)
    assert SPEECH[source].read(back) == told_by_all(answer, source, target)


@each_pair
@given(st.data(), answers())
def test_a_stream_says_the_same_in_another_api(source: Api, target: Api, data: st.DataObject, answer: Answer) -> None:
    events = data.draw(received(data.draw(streams(source, answer))))
    told = SPEECH[target].join(streamed(events, source, target))
    assert read(target, told, source, target) == told_by_all(answer, source, target)


@each_pair
@given(st.data(), answers())
def test_a_stream_there_and_back_is_as_it_was(source: Api, target: Api, data: st.DataObject, answer: Answer) -> None:
    events = data.draw(received(data.draw(streams(source, answer))))
    back = streamed(data.draw(received(streamed(events, source, target))), target, source)
    assert told_by_all(SPEECH[source].read(SPEECH[source].join(back)), source, target) == told_by_all(
        answer, source, target
    )
