"""Bodies cut into shared parts, and put together again."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from stores.messages import SHARED, SHARED_AT_FIRST, Body, Digest, digests_for
from tests.support.runs import asking, bodies

digest_of = digests_for("default")
LONG = "word " * 300
"""Worth sharing even in a conversation's first call."""


def split(text: str) -> list[bytes]:
    """The parts, each as often as it is referred to; the body is known to come back."""
    shared: dict[Digest, bytes] = {}
    template = Body(text).split(digest_of, shared)
    if template is None:
        assert not shared
        return []
    assert template.join(shared) == text
    return [shared[digest] for digest in template.parts]


@settings(deadline=None, database=None)
@given(text=bodies())
def test_any_body_comes_back_to_the_byte(text: str) -> None:
    split(text)


def test_messages_are_parts_exactly_as_they_were_written() -> None:
    messages = [f'{{"role":"user",  "content":"{letter * 100}"}}' for letter in "abc"]
    assert split(f'{{"messages":[{", ".join(messages)}]}}') == [message.encode() for message in messages]


def test_the_input_of_the_responses_api_is_a_conversation_too() -> None:
    items = [{"role": "user", "content": letter * 100} for letter in "abc"]
    assert len(split(json.dumps({"input": items}))) == 3


def test_the_items_of_a_response_are_shared_whatever_they_are() -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Why? " * 20}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA" * 40},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}" + " " * 80},
        {"type": "function_call_output", "call_id": "call_1", "output": "rain " * 20},
    ]
    assert split(json.dumps({"model": "m", "input": items})) == [json.dumps(item).encode() for item in items]


def test_the_blocks_of_a_system_prompt_are_shared_one_by_one() -> None:
    def asked(date: str) -> str:
        system = [
            {"type": "text", "text": date},
            {"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}},
        ]
        return json.dumps({"system": system, "messages": [{"role": "user", "content": "Hello"}]})

    assert split(asked("Monday")) == split(asked("Tuesday"))
    assert len(split(asked("Monday"))) == 1


def test_a_conversation_that_was_put_in_another_apis_words_is_shared_too() -> None:
    sent = {"input": None, "messages": [{"role": "user", "content": letter * 100} for letter in "abc"]}
    assert len(split(json.dumps(sent))) == 3


@pytest.mark.parametrize(
    "batch", [["text " * 50] * 20, [[1, 2, 3] * 50] * 20, list(range(2000))], ids=["texts", "token ids", "one text's"]
)
def test_what_is_to_be_embedded_is_one_part_and_no_conversation(batch: list[Any]) -> None:
    assert split(json.dumps({"model": "m", "input": batch})) == [json.dumps(batch).encode()]


def test_a_message_too_short_to_gain_stays_in_its_place() -> None:
    assert len(split(asking("yes", "no " * SHARED, "yes", "no " * SHARED))) == 2


def test_a_first_call_shares_only_what_is_large() -> None:
    question = "why " * SHARED
    assert split(asking(question, system="Be kind. " * 20)) == []
    assert len(split(asking(question, system="Be kind. " * SHARED_AT_FIRST))) == 1


def test_tools_and_instructions_are_shared() -> None:
    body = {"instructions": LONG, "input": "Hello", "tools": [{"description": LONG}], "model": "m"}
    assert split(json.dumps(body)) == [json.dumps(LONG).encode(), json.dumps([{"description": LONG}]).encode()]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json " * 500,
        json.dumps(["a list", LONG]),
        '{"messages": [' + "[" * 100_000 + "]" * 100_000 + "]}",
        json.dumps({"messages": [{"role": "user", "content": LONG}]})[:-1],
        f'{{"a": 1, "b": "{LONG}", "a": "{LONG}x"}}',
    ],
    ids=["empty", "text", "list", "deep", "cut", "repeated key"],
)
def test_a_body_that_is_no_plain_object_is_kept_whole(text: str) -> None:
    assert split(text) == []


def test_equal_messages_of_two_tenants_have_different_digests() -> None:
    assert digests_for("one")(b"hello") == digests_for("one")(b"hello")
    assert digests_for("one")(b"hello") != digests_for("two")(b"hello")


def test_a_missing_part_is_an_error_and_never_a_shorter_body() -> None:
    shared: dict[Digest, bytes] = {}
    template = Body(asking(LONG, LONG, LONG)).split(digest_of, shared)
    assert template is not None
    with pytest.raises(KeyError):
        template.join({})
