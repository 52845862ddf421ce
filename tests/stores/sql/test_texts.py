"""The plain text of questions and answers, in every API's words."""

import json
from typing import Any

import pytest

from stores.messages import Body
from stores.sql.texts import LIMIT, answer, question


def asked(**body: Any) -> str:
    return question(Body(json.dumps(body)))


def test_the_question_is_what_the_user_said_last() -> None:
    said = [("user", "first"), ("assistant", "so?"), ("user", "second"), ("assistant", "well")]
    assert asked(messages=[{"role": role, "content": text} for role, text in said]) == "second"


def test_parts_of_a_message_are_read_in_order_and_pictures_passed_over() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "image_url", "image_url": {}}, {"text": "this?"}]
    assert asked(messages=[{"role": "user", "content": parts}]) == "What is\nthis?"


def test_a_tools_result_is_no_question() -> None:
    said = [
        {"role": "user", "content": "What is the weather?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1"}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "rain"}]},
    ]
    assert asked(messages=said) == "What is the weather?"


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Hello?"},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello?"}]}, {"type": "reasoning"}]},
        {"prompt": "Hello?"},
        {"messages": [{"role": "user", "content": "Hello?"}], "system": "Be kind."},
    ],
    ids=["responses, text", "responses, items", "completions", "messages"],
)
def test_every_api_asks_in_its_own_way(body: dict[str, Any]) -> None:
    assert asked(**body) == "Hello?"


@pytest.mark.parametrize(
    "said",
    [
        {"choices": [{"message": {"role": "assistant", "content": "Hi!"}}]},
        {"choices": [{"message": {"role": "assistant", "content": [{"type": "text", "text": "Hi!"}]}}]},
        {"choices": [{"text": "Hi!"}]},
        {"output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "Hi!"}]}]},
        {"type": "message", "content": [{"type": "text", "text": "Hi!"}, {"type": "tool_use", "input": {}}]},
    ],
    ids=["chat", "chat, parts", "completions", "responses", "messages"],
)
def test_every_api_answers_in_its_own_way(said: dict[str, Any]) -> None:
    assert answer(json.dumps(said)) == "Hi!"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"messages": 1, "choices": "no"}',
        '{"messages": [1, null, []], "choices": [{}]}',
        '{"messages": [{"role": "user", "content": {"text": 1}}], "choices": [{"message": {"content": 1}}]}',
        '{"messages": [{"role": "user", "content": [[], 1, {"text": {}}]}], "output": [{"content": [1]}]}',
        '{"input": [[1, 2], [3]]}',
        '{"choices": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_strange_documents_have_no_text_and_do_no_harm(text: str) -> None:
    assert question(Body(text)) == ""
    assert answer(text) == ""


def test_long_texts_are_cut() -> None:
    assert asked(input="x" * LIMIT * 2) == "x" * LIMIT
