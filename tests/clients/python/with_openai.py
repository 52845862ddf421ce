"""The agent on openai-python's chat completions: the client that most others are built on."""

import json
from collections.abc import Iterator
from typing import Any

import openai
from openai.types.chat import ChatCompletionMessage
from the_agent import QUESTION, TOOL_QUESTION, WEATHER_TOOL, WRONG_KEY, Agent, report, told

agent = Agent()
client: openai.OpenAI = agent.example.client


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def with_results(message: ChatCompletionMessage) -> Iterator[dict[str, Any]]:
    yield user(TOOL_QUESTION)
    yield message.to_dict()
    for call in message.tool_calls:
        yield {
            "role": "tool",
            "tool_call_id": call.id,
            "content": agent.get_weather(**json.loads(call.function.arguments)),
        }


def streamed() -> dict[str, Any]:
    chunks = client.chat.completions.create(
        model=agent.model, messages=[user(QUESTION)], stream=True, stream_options={"include_usage": True}
    )
    pieces, usages = [], 0
    for chunk in chunks:
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
        usages += chunk.usage is not None
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": usages}


def whole() -> dict[str, Any]:
    completion = client.chat.completions.create(model=agent.model, messages=[user(QUESTION)])
    return {"text": completion.choices[0].message.content}


def tool() -> dict[str, Any]:
    def ask(messages: list[dict[str, Any]]) -> ChatCompletionMessage:
        return (
            client.chat.completions.create(model=agent.model, messages=messages, tools=[WEATHER_TOOL])
            .choices[0]
            .message
        )

    asked = ask([user(TOOL_QUESTION)])
    return agent.used_tool(ask([*with_results(asked)]).content)


def tool_streamed() -> dict[str, Any]:
    def ask(messages: list[dict[str, Any]]) -> ChatCompletionMessage:
        with client.chat.completions.stream(model=agent.model, messages=messages, tools=[WEATHER_TOOL]) as stream:
            return stream.get_final_completion().choices[0].message

    asked = ask([user(TOOL_QUESTION)])
    return agent.used_tool(ask([*with_results(asked)]).content)


def failure(model: str, **options: Any) -> dict[str, Any]:
    try:
        client.with_options(max_retries=0, **options).chat.completions.create(model=model, messages=[user(QUESTION)])
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
