"""The agent on Anthropic's Python SDK."""

from collections.abc import Iterator
from typing import Any

import anthropic
from anthropic.types import Message
from the_agent import QUESTION, TOOL_QUESTION, WEATHER, WRONG_KEY, Agent, report

agent = Agent()
client: anthropic.Anthropic = agent.example.client
TOOL = {"name": WEATHER["name"], "description": WEATHER["description"], "input_schema": WEATHER["parameters"]}


def asking(*messages: dict[str, Any], model: str = agent.model, **options: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 200, "messages": messages, **options}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def with_results(asked: Message) -> Iterator[dict[str, Any]]:
    yield user(TOOL_QUESTION)
    yield {"role": "assistant", "content": [block.to_dict() for block in asked.content]}
    yield user(
        [
            {"type": "tool_result", "tool_use_id": block.id, "content": agent.get_weather(**block.input)}
            for block in asked.content
            if block.type == "tool_use"
        ]
    )


def streamed() -> dict[str, Any]:
    with client.messages.stream(**asking(user(QUESTION))) as stream:
        pieces = list(stream.text_stream)
        usage = stream.get_final_message().usage
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": int(usage.output_tokens > 0)}


def whole() -> dict[str, Any]:
    return {"text": text(client.messages.create(**asking(user(QUESTION))))}


def tool() -> dict[str, Any]:
    asked = client.messages.create(**asking(user(TOOL_QUESTION), tools=[TOOL]))
    return agent.used_tool(text(client.messages.create(**asking(*with_results(asked), tools=[TOOL]))))


def tool_streamed() -> dict[str, Any]:
    def ask(*messages: dict[str, Any]) -> Message:
        with client.messages.stream(**asking(*messages, tools=[TOOL])) as stream:
            return stream.get_final_message()

    asked = ask(user(TOOL_QUESTION))
    return agent.used_tool(text(ask(*with_results(asked))))


def failure(model: str, **options: Any) -> dict[str, Any]:
    try:
        client.with_options(max_retries=0, **options).messages.create(**asking(user(QUESTION), model=model))
    except anthropic.APIStatusError as error:
        return {
            "error": type(error).__name__,
            "status": error.status_code,
            "code": error.body["error"]["type"],
            "message": error.body["error"]["message"],
        }
    return {}


report(
    version=anthropic.__version__,
    streamed=streamed(),
    whole=whole(),
    tool=tool(),
    tool_streamed=tool_streamed(),
    refused=failure(agent.refused_model),
    wrong_key=failure(agent.model, api_key=WRONG_KEY),
)
