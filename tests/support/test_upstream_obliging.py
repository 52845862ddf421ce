"""The scripted provider is model enough without a script, whichever API it is asked through."""

import json
from typing import Any

import pytest

from tests.support.asking import Session
from tests.support.upstream import CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES, RESPONSES, Upstream

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
TOOLS: dict[str, Any] = {
    CHAT: CHAT_TOOL,
    RESPONSES: {"type": "function", "name": "weather", "parameters": SCHEMA},
    MESSAGES: {"name": "weather", "input_schema": SCHEMA},
}
FORMS = {CHAT: "messages", RESPONSES: "input", MESSAGES: "messages"}

every_api = pytest.mark.parametrize("path", FORMS)


async def ask(client: Session, path: str, *turns: Any, **asked: Any) -> Any:
    document = {"model": "m", "max_tokens": 9, FORMS[path]: [{"role": "user", "content": "How are you?"}, *turns]}
    async with client.post(path, json={**document, **asked}) as response:
        return await response.json()


def said(path: str, answer: Any) -> str:
    match path:
        case "/v1/chat/completions":
            text: str = answer["choices"][0]["message"]["content"]
        case "/v1/responses":
            text = answer["output"][-1]["content"][0]["text"]
        case _:
            text = answer["content"][0]["text"]
    return text


def turns_after(path: str, answer: Any, result: str) -> tuple[dict[str, Any], list[Any]]:
    """The arguments of the call that an answer makes, and the turns that tell its result."""
    match path:
        case "/v1/chat/completions":
            message = answer["choices"][0]["message"]
            (call,) = message["tool_calls"]
            told = {"role": "tool", "tool_call_id": call["id"], "content": result}
            return json.loads(call["function"]["arguments"]), [message, told]
        case "/v1/responses":
            (call,) = answer["output"]
            told = {"type": "function_call_output", "call_id": call["call_id"], "output": result}
            return json.loads(call["arguments"]), [call, told]
        case _:
            (call,) = answer["content"]
            block = {"type": "tool_result", "tool_use_id": call["id"], "content": result}
            return call["input"], [
                {"role": "assistant", "content": [call]},
                {"role": "user", "content": [block]},
            ]


@every_api
async def test_it_repeats_the_question(client: Session, path: str) -> None:
    assert said(path, await ask(client, path)) == "You said: How are you?"


@every_api
async def test_it_calls_a_tool_and_then_tells_the_result(client: Session, path: str) -> None:
    answer = await ask(client, path, tools=[TOOLS[path]])
    arguments, turns = turns_after(path, answer, "sunny")
    assert arguments == {"city": "Paris", "days": 1}
    assert said(path, await ask(client, path, *turns, tools=[TOOLS[path]])) == "weather said: sunny"


@pytest.mark.parametrize(
    ("path", "tool", "choice"),
    [
        (CHAT, {"type": "custom", "custom": {"name": "patch"}}, {"type": "custom", "custom": {"name": "patch"}}),
        (RESPONSES, {"type": "custom", "name": "patch"}, {"type": "custom", "name": "patch"}),
        (
            RESPONSES,
            {"type": "custom", "name": "patch"},
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}]},
        ),
    ],
)
async def test_it_gives_free_text_to_a_custom_tool_that_is_demanded(
    client: Session, path: str, tool: Any, choice: Any
) -> None:
    answer = await ask(client, path, tools=[TOOLS[path], tool], tool_choice=choice)
    call = answer["output"][0] if path == RESPONSES else answer["choices"][0]["message"]["tool_calls"][0]["custom"]
    assert (call["name"], call["input"]) == ("patch", "How are you?")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (CHAT, lambda schema: {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}),
        (RESPONSES, lambda schema: {"text": {"format": {"type": "json_schema", "name": "x", "schema": schema}}}),
    ],
)
async def test_it_fills_in_a_schema(client: Session, path: str, wanted: Any) -> None:
    schema = {"$defs": {"N": {"type": "number"}}, "properties": {"n": {"$ref": "#/$defs/N"}, "on": {"type": "boolean"}}}
    assert json.loads(said(path, await ask(client, path, **wanted(schema)))) == {"n": 1, "on": True}


@every_api
async def test_it_fails_as_the_name_of_its_model_says(client: Session, path: str) -> None:
    refused = await ask(client, path, model="fail-429")
    assert refused["error"]["type"] == ("rate_limit_error" if path == MESSAGES else "requests")


@pytest.mark.parametrize("path", [*FORMS, COMPLETIONS, EMBEDDINGS])
@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"{}"])
async def test_it_refuses_what_is_no_request(client: Session, path: str, body: bytes) -> None:
    async with client.post(path, data=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"]


@pytest.mark.parametrize("field", ["model", "stream", "tools", "tool_choice", "metadata"])
@every_api
async def test_it_names_the_field_of_another_type(client: Session, path: str, field: str) -> None:
    refused = await ask(client, path, **{field: 7})
    assert field in refused["error"]["message"]


@every_api
async def test_it_refuses_what_is_odd_deep_inside(client: Session, path: str) -> None:
    odd = json.loads(json.dumps(TOOLS[path]).replace('{"type": "integer"}', "7"))
    refused = await ask(client, path, tools=[odd])
    assert "could not read" in refused["error"]["message"]


@every_api
async def test_routes_of_an_api_it_does_not_speak_are_not_there(path: str) -> None:
    async with Upstream(apis={"chat"}) as upstream, Session(upstream.url) as client:
        answer = await ask(client, path)
        assert (answer == {"detail": "Not Found"}) is (path != CHAT)


@pytest.mark.parametrize("path", [f"{RESPONSES}/resp_1", f"{RESPONSES}/compact", f"{MESSAGES}/count_tokens"])
async def test_neither_are_those_below_them(path: str) -> None:
    async with Upstream(apis={"chat", "embeddings"}) as upstream, Session(upstream.url) as client:
        for status, wanted in ((404, path), (200, "/v1/models")):
            async with client.get(wanted) as response:
                assert response.status == status
