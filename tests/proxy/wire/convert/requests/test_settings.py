"""How an answer is to be made: limits, sampling, formats, and who asks."""

import json
from typing import Any

import pytest

from proxy.wire.convert.pieces import Api
from proxy.wire.convert.request import convert_request
from tests.proxy.wire.convert.requests.converting import HI, chat, messages, refusal, responses, sent


@pytest.mark.parametrize(
    ("fields", "target", "param"),
    [
        ({"n": 2}, "responses", "n"),
        ({"n": 2}, "messages", "n"),
        ({"logit_bias": {"50256": -100}}, "responses", "logit_bias"),
        ({"modalities": ["text", "audio"]}, "responses", "modalities"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "messages", "audio"),
        ({"web_search_options": {}}, "responses", "web_search_options"),
        ({"stop": ["\n"]}, "responses", "stop"),
        ({"logprobs": True}, "messages", "logprobs"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}, "messages", "response_format"),
    ],
)
def test_what_a_chat_call_would_not_be_itself_without_is_refused(
    fields: dict[str, Any], target: Api, param: str
) -> None:
    error = refusal(chat(HI, **fields), "chat", target)
    assert (error.status, error.param, error.code) == (400, param, "unsupported_by_upstream")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
    ],
)
def test_what_only_a_provider_of_responses_keeps_is_refused(fields: dict[str, Any], param: str) -> None:
    error = refusal(responses(HI, **fields), "responses", "chat")
    assert (error.param, error.code) == (param, "unsupported_by_upstream")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"container": "c"}, "container"),
        ({"mcp_servers": [{"url": "https://a"}]}, "mcp_servers"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop_sequences": ["x"]}, "stop_sequences"),
    ],
)
def test_what_only_a_provider_of_messages_has_is_refused(fields: dict[str, Any], param: str) -> None:
    error = refusal(messages(HI, **fields), "messages", "responses")
    assert (error.param, error.code) == (param, "unsupported_by_upstream")


def test_preferences_that_the_other_api_has_no_word_for_are_left_out() -> None:
    fields = {"seed": 7, "frequency_penalty": 0.5, "presence_penalty": 0.5, "top_k": 3}
    _, dropped = sent(chat(HI, **fields), "chat", "responses")
    assert dropped == ("top_k and 3 more: the Responses API has none",)
    body, dropped = sent(chat(HI, **fields, verbosity="low", store=True, metadata={"a": "b"}), "chat", "messages")
    assert body["top_k"] == 3
    assert dropped == ("seed and 5 more: the Messages API has none",)
    body, dropped = sent(messages(HI, top_k=3), "messages", "chat")
    assert "top_k" not in body
    assert dropped == ("top_k: the chat API has none",)


@pytest.mark.parametrize(
    ("model", "limit"),
    [("claude-opus-5", 128_000), ("claude-haiku-4-5", 64_000), ("claude-opus-4-1", 32_000), ("other", 8192)],
)
def test_without_a_limit_messages_is_asked_for_the_longest_answer_of_the_model(model: str, limit: int) -> None:
    body, _ = sent({**chat(HI), "model": model}, "chat", "messages")
    assert body["max_tokens"] == limit


@pytest.mark.parametrize(
    ("model", "name"),
    [("small-instruct", "max_tokens"), ("gpt-5.2", "max_completion_tokens"), ("o3", "max_completion_tokens")],
)
def test_a_limit_has_the_name_that_the_model_knows(model: str, name: str) -> None:
    body, _ = sent({**responses(HI, max_output_tokens=50), "model": model}, "responses", "chat")
    assert body[name] == 50


def test_the_newer_name_of_a_limit_goes_first() -> None:
    body, _ = sent(chat(HI, max_tokens=20, max_completion_tokens=30), "chat", "responses")
    assert body["max_output_tokens"] == 30


def test_responses_is_asked_for_no_fewer_tokens_than_it_gives() -> None:
    body, dropped = sent(messages(HI, max_tokens=1), "messages", "responses")
    assert body["max_output_tokens"] == 16
    assert dropped == ("max_tokens: the Responses API takes no less than 16",)


def test_nothing_is_kept_by_responses_that_was_not_to_be() -> None:
    body, _ = sent(messages(HI), "messages", "responses")
    assert body["store"] is False
    body, _ = sent(chat(HI, store=True), "chat", "responses")
    assert body["store"] is True


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("claude-opus-5", set()),
        ("claude-opus-4-7", set()),
        ("claude-sonnet-4-5", {"temperature", "top_k"}),
        ("claude-3-haiku-20240307", {"temperature", "top_p", "top_k"}),
        ("glm-4.7", {"temperature", "top_p", "top_k"}),
    ],
)
def test_a_model_behind_messages_is_sent_the_sampling_that_it_takes(model: str, kept: set[str]) -> None:
    talk = {**chat(HI, temperature=0.5, top_p=0.9, top_k=4), "model": model}
    body, dropped = sent(talk, "chat", "messages")
    assert body.keys() & {"temperature", "top_p", "top_k"} == kept
    assert len(dropped) == (len(kept) < 3)


def test_sampling_gives_way_to_thinking() -> None:
    talk = {**chat(HI, temperature=0.5, reasoning_effort="low"), "model": "claude-sonnet-4-5"}
    body, dropped = sent(talk, "chat", "messages")
    assert "temperature" not in body
    assert dropped == ("temperature: the model takes none while it thinks",)


def test_a_temperature_is_at_most_what_messages_takes() -> None:
    body, dropped = sent(chat(HI, temperature=1.5), "chat", "messages")
    assert body["temperature"] == 1
    assert dropped == ("temperature: the Messages API takes no more than 1",)


def test_messages_is_told_in_words_to_answer_in_json() -> None:
    talk = chat({"role": "system", "content": "Be brief."}, HI, response_format={"type": "json_object"})
    body, dropped = sent(talk, "chat", "messages")
    assert body["system"].startswith("Be brief.\n\nAnswer with one JSON object")
    assert [entry.partition(":")[0] for entry in dropped] == ["response_format"]
    body, _ = sent(responses(HI, text={"format": {"type": "json_object"}}), "responses", "messages")
    assert body["system"].startswith("Answer with one JSON object")


def test_what_messages_does_not_know_of_a_schema_is_told_of() -> None:
    schema = {"name": "a", "description": "An answer.", "strict": False, "schema": {"type": "object"}}
    body, dropped = sent(chat(HI, response_format={"type": "json_schema", "json_schema": schema}), "chat", "messages")
    assert body["output_config"]["format"] == {"type": "json_schema", "schema": {"type": "object"}}
    assert [entry.partition(":")[0] for entry in dropped] == ["response_format.description", "response_format.strict"]


def test_a_schema_of_messages_gets_a_name() -> None:
    format = {"type": "json_schema", "schema": {"type": "object"}}
    for fields in ({"output_config": {"format": format}}, {"output_format": format}):
        body, _ = sent(messages(HI, **fields), "messages", "responses")
        assert body["text"]["format"] == {**format, "name": "answer", "strict": True}


@pytest.mark.parametrize(
    ("fields", "user"),
    [
        ({"user": "a"}, "a"),
        ({"safety_identifier": "b", "user": "a"}, "b"),
        ({"metadata": {"user_id": "c"}}, "c"),
        ({}, None),
    ],
)
def test_a_user_is_named_to_messages(fields: dict[str, Any], user: str | None) -> None:
    body, _ = sent(chat(HI, **fields), "chat", "messages")
    assert body.get("metadata", {}).get("user_id") == user


def test_a_user_whose_name_is_too_long_is_known_by_a_hash() -> None:
    talk = messages(HI, metadata={"user_id": "user_" + "x" * 100})
    body, dropped = sent(talk, "messages", "responses")
    assert len(body["safety_identifier"]) == 64
    assert dropped == ("metadata.user_id: longer than 64 characters; its hash is sent",)
    assert body["safety_identifier"] == sent(talk, "messages", "chat")[0]["user"]


@pytest.mark.parametrize(("tier", "told"), [("auto", "auto"), ("default", "standard_only"), ("flex", None)])
def test_a_service_tier_is_told_to_messages_where_it_has_it(tier: str, told: str | None) -> None:
    body, dropped = sent(chat(HI, service_tier=tier), "chat", "messages")
    assert body.get("service_tier") == told
    assert len(dropped) == (told is None)


def test_a_streamed_chat_call_asks_for_its_usage() -> None:
    body, _ = sent(responses(HI, stream=True), "responses", "chat")
    assert body["stream_options"] == {"include_usage": True}
    body, _ = sent(messages(HI, stream=True), "messages", "chat")
    assert body["stream_options"] == {"include_usage": True}
    body, _ = sent(responses(HI, stream=False), "responses", "chat")
    assert "stream_options" not in body


def test_a_chat_client_need_not_ask_for_usage_elsewhere() -> None:
    body, dropped = sent(chat(HI, stream=True, stream_options={"include_usage": True}), "chat", "messages")
    assert body["stream"] is True
    assert "stream_options" not in body
    assert dropped == ()


def test_an_input_may_be_a_mere_text() -> None:
    body, _ = sent({"model": "m", "input": "hi"}, "responses", "messages")
    assert body["messages"] == [HI]


def test_log_probabilities_are_asked_for_in_the_words_of_each() -> None:
    body, _ = sent(chat(HI, logprobs=True, top_logprobs=3), "chat", "responses")
    assert (body["include"], body["top_logprobs"]) == (["message.output_text.logprobs"], 3)


def test_a_conversation_that_may_be_shortened_is_not() -> None:
    _, dropped = sent(responses(HI, truncation="auto"), "responses", "chat")
    assert dropped == ("truncation: the upstream shortens no conversations",)
    _, dropped = sent(responses(HI, truncation="disabled"), "responses", "chat")
    assert dropped == ()


def test_values_keep_their_text() -> None:
    body = json.dumps(chat(HI)).encode()[:-1] + b', "temperature": 0.70, "top_p": 1.0, "max_tokens": 100}'
    assert b'"temperature":0.70,"top_p":1.0' in convert_request(body, "chat", "responses").body
