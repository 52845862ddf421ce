"""The agent on openai-python's Responses API: stateless first, then going on from the answer that is kept."""

import json
from typing import Any

import openai
from openai.types.responses import Response
from the_agent import QUESTION, TOOL_QUESTION, WEATHER, WRONG_KEY, Agent, report, told

agent = Agent()
client: openai.OpenAI = agent.example.client
TOOL = {"type": "function", "strict": True, **WEATHER}


def results(asked: Response) -> list[dict[str, Any]]:
    return [
        {
            "type": "function_call_output",
            "call_id": item.call_id,
            "output": agent.get_weather(**json.loads(item.arguments)),
        }
        for item in asked.output
        if item.type == "function_call"
    ]


def streamed() -> dict[str, Any]:
    pieces, usages = [], 0
    for event in client.responses.create(model=agent.model, input=QUESTION, stream=True):
        if event.type == "response.output_text.delta":
            pieces.append(event.delta)
        usages += event.type == "response.completed" and event.response.usage is not None
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": usages}


def whole() -> dict[str, Any]:
    return {"text": client.responses.create(model=agent.model, input=QUESTION).output_text}


def tool() -> dict[str, Any]:
    said: list[Any] = [{"role": "user", "content": TOOL_QUESTION}]
    asked = client.responses.create(model=agent.model, input=said, tools=[TOOL], store=False)
    said += [item.to_dict() for item in asked.output]
    answer = client.responses.create(model=agent.model, input=said + results(asked), tools=[TOOL], store=False)
    return agent.used_tool(answer.output_text)


def tool_streamed() -> dict[str, Any]:
    with client.responses.stream(model=agent.model, input=TOOL_QUESTION, tools=[TOOL]) as stream:
        asked = stream.get_final_response()
    with client.responses.stream(
        model=agent.model, input=results(asked), tools=[TOOL], previous_response_id=asked.id
    ) as stream:
        return agent.used_tool(stream.get_final_response().output_text)


def failure(model: str, **options: Any) -> dict[str, Any]:
    try:
        client.with_options(max_retries=0, **options).responses.create(model=model, input=QUESTION)
    except openai.APIStatusError as error:
        return told(error)
    return {}


report(
    version=openai.__version__,
    streamed=streamed(),
    whole=whole(),
    tool=tool(),
    tool_streamed=tool_streamed(),
    refused=failure(agent.refused_model),
    wrong_key=failure(agent.model, api_key=WRONG_KEY),
)
