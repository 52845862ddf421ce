"""The plain text of questions and answers, in every API's words."""

import json
from typing import Any

import pytest

from stores.messages import Body
from stores.sql.texts import LIMIT, answer, answered, question


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
        {"input": [{"type": "message", "role": "user", "content": "Hello?"}, {"type": "item_reference", "id": "m1"}]},
        {"prompt": "Hello?"},
        {"prompt": ["Hello?"]},
        {"messages": [{"role": "user", "content": "Hello?"}], "system": "Be kind."},
        {"messages": [{"role": "user", "content": [{"type": "document", "source": {}}, {"text": "Hello?"}]}]},
        {"input": ["Hello?"], "encoding_format": "base64"},
    ],
    ids=[
        "responses, text",
        "responses, items",
        "responses, messages",
        "completions",
        "completions, batch of one",
        "messages",
        "messages, blocks",
        "embeddings",
    ],
)
def test_every_api_asks_in_its_own_way(body: dict[str, Any]) -> None:
    assert asked(**body) == "Hello?"


@pytest.mark.parametrize(
    "said",
    [
        [
            {"role": "user", "content": "What is the weather?"},
            {"type": "function_call", "call_id": "1", "name": "get_weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "rain"},
        ],
        [
            {"role": "user", "content": "What is the weather?"},
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm."}], "encrypted_content": "x"},
            {"type": "custom_tool_call", "call_id": "1", "name": "sh", "input": "weather"},
            {"type": "custom_tool_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "rain"}]},
        ],
    ],
    ids=["function", "custom"],
)
def test_a_result_among_the_items_of_a_response_is_no_question(said: list[Any]) -> None:
    assert asked(input=said) == "What is the weather?"


def test_texts_to_embed_are_all_asked_and_token_ids_are_no_text() -> None:
    assert asked(input=["one", "", "two"]) == "one\ntwo"
    assert asked(input=[1, 2, 3]) == asked(input=[[1, 2], [3]]) == asked(prompt=[[1, 2]]) == ""


def test_a_large_batch_is_read_no_further_than_it_is_kept() -> None:
    # Behind what is kept it is not even text.
    assert asked(input=["x" * 5000, "y" * 5000, 1]) == "\n".join(("x" * 5000, "y" * 5000))[:LIMIT]


@pytest.mark.parametrize(
    "said",
    [
        {"choices": [{"message": {"role": "assistant", "content": "Hi!"}}]},
        {"choices": [{"message": {"role": "assistant", "content": [{"type": "text", "text": "Hi!"}]}}]},
        {"choices": [{"text": "Hi!"}]},
        {"output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "Hi!"}]}]},
        {
            "output": [
                {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Greet."}], "summary": []},
                {"type": "web_search_call", "action": {"query": "how to greet"}},
                {"type": "message", "content": [{"type": "output_text", "text": "Hi!", "annotations": []}]},
                {"type": "function_call", "name": "wave", "arguments": "{}"},
            ]
        },
        {"type": "message", "content": [{"type": "text", "text": "Hi!"}, {"type": "tool_use", "input": {}}]},
        {"type": "message", "content": [{"type": "thinking", "thinking": "Greet."}, {"type": "text", "text": "Hi!"}]},
    ],
    ids=["chat", "chat, parts", "completions", "responses", "responses, items", "messages", "messages, thinking"],
)
def test_every_api_answers_in_its_own_way(said: dict[str, Any]) -> None:
    assert answer(json.dumps(said)) == "Hi!"


@pytest.mark.parametrize(
    "said",
    [
        {"choices": [{"message": {"content": None, "refusal": "I must not."}}]},
        {"choices": [{"message": {"content": [{"type": "refusal", "refusal": "I must not."}]}}]},
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I must not."}]}]},
        {"content": [], "stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "I must not."}},
    ],
    ids=["chat", "chat, parts", "responses", "messages"],
)
def test_a_refusal_is_an_answer(said: dict[str, Any]) -> None:
    assert answered(json.dumps(said)) == ("I must not.", ())


TWO_CALLS = (
    {
        "choices": [
            {
                "message": {
                    "content": None,
                    "tool_calls": [
                        {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"in":"Bern"}'}},
                        {"id": "2", "type": "custom", "custom": {"name": "sh", "input": "date"}},
                    ],
                }
            }
        ]
    },
    {
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "1", "name": "weather", "arguments": '{"in":"Bern"}'},
            {"type": "custom_tool_call", "call_id": "2", "name": "sh", "input": "date"},
        ]
    },
    {
        "content": [
            {"type": "thinking", "thinking": "Hm."},
            {"type": "tool_use", "id": "1", "name": "weather", "input": {"in": "Bern"}},
            {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {"query": "Bern"}},
            {"type": "tool_use", "id": "2", "name": "sh", "input": "date"},
        ]
    },
)


@pytest.mark.parametrize("said", TWO_CALLS, ids=["chat", "responses", "messages"])
def test_an_answer_without_words_is_the_tool_calls_it_asks_for(said: dict[str, Any]) -> None:
    assert answered(json.dumps(said)) == ("", ('weather({"in":"Bern"})', "sh(date)"))
    assert answer(json.dumps(said)) == 'weather({"in":"Bern"})\nsh(date)'


@pytest.mark.parametrize(
    ("item", "call"),
    [
        ({"type": "local_shell_call", "action": {"command": ["ls"]}}, 'local_shell_call({"command":["ls"]})'),
        ({"type": "shell_call", "action": {"commands": ["ls"]}}, 'shell_call({"commands":["ls"]})'),
        ({"type": "apply_patch_call", "operation": {"path": "a"}}, 'apply_patch_call({"path":"a"})'),
        ({"type": "computer_call", "actions": [{"type": "wait"}]}, 'computer_call([{"type":"wait"}])'),
        ({"type": "function_call", "name": "now", "arguments": ""}, "now()"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_each_kind_of_call_is_told_with_what_it_is_given(item: dict[str, Any], call: str) -> None:
    assert answered(json.dumps({"output": [item]})).calls == (call,)


def test_an_old_style_function_call_is_told_too() -> None:
    message = {"content": None, "function_call": {"name": "now", "arguments": "{}"}}
    assert answered(json.dumps({"choices": [{"message": message}]})).calls == ("now({})",)


def test_embeddings_are_counted() -> None:
    one = {"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}
    assert answer(json.dumps({"object": "list", "data": [one]})) == "1 embedding"
    assert answer(json.dumps({"object": "list", "data": [one, {**one, "embedding": "AAAA"}]})) == "2 embeddings"
    measured = {**one, "embedding": {"dimensions": 1536}}
    assert answer(json.dumps({"object": "list", "data": [measured] * 3})) == "3 embeddings of 1536 dimensions"
    assert answer(json.dumps({"object": "list", "data": [{"object": "model", "id": "small"}]})) == ""


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
        '{"input": ["a", 1], "choices": [{"message": {"tool_calls": [1, {}, {"function": 2}]}}]}',
        '{"prompt": {"id": "pmpt_1"}, "output": [{"type": []}, {"type": "message"}, {"type": {}}]}',
        '{"prompt": ["a", [], "b"], "content": [{"type": "tool_result"}, 1, {"type": {}}], "stop_details": []}',
        '{"prompt": [null], "data": {}}',
        '{"content": [], "data": [{"object": {}}]}',
        '{"choices": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_strange_documents_have_no_text_and_do_no_harm(text: str) -> None:
    assert question(Body(text)) == ""
    assert answer(text) == ""


def test_long_texts_are_cut() -> None:
    assert asked(input="x" * LIMIT * 2) == "x" * LIMIT
