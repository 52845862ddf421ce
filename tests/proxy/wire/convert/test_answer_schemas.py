"""Converted answers are of the types that the official clients declare."""

from typing import Any, Final

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from proxy.wire.convert.pieces import Api
from tests.proxy.wire.convert.random_answers import PAIRS, Answer, answers
from tests.proxy.wire.convert.speaking import SPEECH, converted, streamed, streams

WHOLE: Final[dict[Api, TypeAdapter[Any]]] = {
    "chat": TypeAdapter(ChatCompletion),
    "responses": TypeAdapter(Response),
    "messages": TypeAdapter(Message),
}
EVENT: Final[dict[Api, TypeAdapter[Any]]] = {
    "chat": TypeAdapter(ChatCompletionChunk),
    "responses": TypeAdapter(ResponseStreamEvent),
    "messages": TypeAdapter(RawMessageStreamEvent),
}
each_pair = pytest.mark.parametrize(("source", "target"), PAIRS)


@each_pair
@given(answers())
def test_a_whole_answer_is_of_its_type(source: Api, target: Api, answer: Answer) -> None:
    WHOLE[target].validate_json(converted(SPEECH[source].whole(answer), source, target), strict=True)


@each_pair
@given(st.data(), answers())
def test_every_event_is_of_its_type(source: Api, target: Api, data: st.DataObject, answer: Answer) -> None:
    for event in streamed(data.draw(streams(source, answer)), source, target):
        EVENT[target].validate_json(event, strict=True)
