"""What a client wants of an answer's form, and what an answer tells of itself, is read in the words of every API."""

import json
from typing import Any

import pytest

from middleware.messages import ChatRequest, Completion
from proxy.wire.chat import ChatCompletion
from proxy.wire.formats import FORMATS
from proxy.wire.messages import MessagesCompletion
from proxy.wire.responses.answer import ResponsesCompletion

SCHEMA = {"type": "object", "required": ["city"]}


def asking(api: str, **fields: Any) -> ChatRequest:
    said = {"input": "hello"} if api == "responses" else {"messages": [{"role": "user", "content": "hello"}]}
    return FORMATS[api].read_request(json.dumps({"model": "m", "max_tokens": 9, **said, **fields}).encode())


@pytest.mark.parametrize(
    ("api", "fields"),
    [
        ("chat", {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}),
        ("chat", {"response_format": {"type": "json_object", "schema": SCHEMA}}),
        ("responses", {"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}}),
        ("messages", {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
        ("messages", {"output_format": {"type": "json_schema", "schema": SCHEMA}}),
    ],
)
def test_the_schema_an_answer_is_to_fit_is_found(api: str, fields: dict[str, Any]) -> None:
    assert asking(api, **fields).answer_schema == SCHEMA


@pytest.mark.parametrize(
    ("api", "fields"),
    [
        ("chat", {"response_format": {"type": "json_object"}}),
        ("responses", {"text": {"format": {"type": "json_object"}}}),
    ],
)
def test_any_object_is_a_schema_too(api: str, fields: dict[str, Any]) -> None:
    assert asking(api, **fields).answer_schema == {"type": "object"}


@pytest.mark.parametrize(
    ("api", "fields"),
    [
        ("chat", {}),
        ("chat", {"response_format": {"type": "text"}}),
        ("chat", {"response_format": 5}),
        ("chat", {"response_format": {"type": "json_schema", "json_schema": "odd"}}),
        ("responses", {"text": {"format": None}}),
        ("responses", {"text": "odd"}),
        ("messages", {"output_config": {"effort": "low"}}),
        ("embeddings", {"input": "hello"}),
    ],
)
def test_an_answer_that_may_be_anything_has_none(api: str, fields: dict[str, Any]) -> None:
    assert asking(api, **fields).answer_schema is None


@pytest.mark.parametrize(
    ("api", "beside"),
    [("chat", {}), ("responses", {"text": {"verbosity": "low"}}), ("messages", {"output_config": {"effort": "low"}})],
)
def test_a_schema_can_be_asked_for_and_all_else_stays(api: str, beside: dict[str, Any]) -> None:
    asked = asking(api, **beside).with_answer_schema(SCHEMA)
    assert asked.answer_schema == SCHEMA
    document = json.loads(asked.body)
    for name, fields in beside.items():
        assert document[name] == {**fields, "format": document[name]["format"]}


def test_an_api_that_cannot_ask_for_a_schema_is_left_alone() -> None:
    asked = asking("embeddings", input="hello")
    assert asked.with_answer_schema(SCHEMA) is asked


def said(**choice: Any) -> ChatCompletion:
    return ChatCompletion(
        json.dumps({"id": "a", "choices": [{"index": 0, **choice}], "usage": {"total_tokens": 2}}).encode()
    )


def test_the_odds_of_its_tokens_are_read_where_they_were_asked_for() -> None:
    tokens = [{"token": "h", "logprob": -0.5}, {"token": "i", "logprob": -1}]
    assert said(message={"content": "hi"}, logprobs={"content": tokens}).logprobs == (-0.5, -1.0)
    part = {"type": "output_text", "text": "hi", "logprobs": tokens}
    output = [{"type": "message", "role": "assistant", "content": [part]}]
    assert list(ResponsesCompletion(json.dumps({"output": output}).encode()).logprobs) == [-0.5, -1.0]


@pytest.mark.parametrize("told", [None, 5, {"content": None}, {"content": 5}, {"content": ["odd", {}]}])
def test_odd_odds_are_none(told: Any) -> None:
    assert said(message={"content": "hi"}, logprobs=told).logprobs == ()


@pytest.mark.parametrize("kind", [ChatCompletion, ResponsesCompletion, MessagesCompletion])
def test_an_answer_can_tell_of_the_tokens_of_another(kind: type[Completion]) -> None:
    make: Any = kind
    other, without = make(b'{"id":"b","usage":{"x": 1}}'), make(b'{"id":"b"}')
    assert json.loads(make(b'{"id":"a","usage":{"x":9}}').counted_as(other).body) == {"id": "a", "usage": {"x": 1}}
    assert json.loads(make(b'{"id":"a","usage":{"x":9}}').counted_as(without).body) == {"id": "a"}
