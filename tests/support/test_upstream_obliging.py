"""The scripted provider is model enough without a script."""

import json

from tests.support.asking import ASKED, Session, whole
from tests.support.upstream import CHAT


async def test_unscripted_it_calls_a_tool_and_then_tells_the_result(client: Session) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
    message = (await whole(client, tools=tools))["choices"][0]["message"]
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"city": "Paris", "days": 1}
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "sunny"}
    answer = await whole(client, tools=tools, messages=[*ASKED["messages"], message, result])
    assert answer["choices"][0]["message"]["content"] == "weather said: sunny"


async def test_unscripted_it_repeats_the_question_fills_a_schema_and_refuses_bad_requests(client: Session) -> None:
    assert (await whole(client))["choices"][0]["message"]["content"] == "You said: How are you?"
    schema = {"$defs": {"N": {"type": "number"}}, "properties": {"n": {"$ref": "#/$defs/N"}, "on": {"type": "boolean"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    answer = await whole(client, response_format=wanted)
    assert json.loads(answer["choices"][0]["message"]["content"]) == {"n": 1, "on": True}
    assert (await whole(client, model=""))["error"]["param"] == "model"
    assert (await whole(client, model="fail-503"))["error"]["type"] == "server_error"
    async with client.post(CHAT, data=b"{") as response:
        assert response.status == 400
