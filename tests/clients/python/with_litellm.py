"""The agent on litellm's SDK, asking the OpenAI-compatible provider that the example has set."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import litellm
import openai
from the_agent import QUESTION, TOOL_QUESTION, WEATHER_TOOL, WRONG_KEY, Agent, report

agent = Agent()
litellm.suppress_debug_info = True


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def complete(messages: list[dict[str, Any]], model: str = agent.model, **options: Any) -> Any:
    return litellm.completion(model=f"openai/{model}", messages=messages, num_retries=0, max_retries=0, **options)


def with_results(message: litellm.Message) -> Iterator[dict[str, Any]]:
    yield user(TOOL_QUESTION)
    yield message.model_dump(exclude_none=True)
    for call in message.tool_calls:
        yield {
            "role": "tool",
            "tool_call_id": call.id,
            "content": agent.get_weather(**json.loads(call.function.arguments)),
        }


def streamed() -> dict[str, Any]:
    pieces, usages = [], 0
    for chunk in complete([user(QUESTION)], stream=True, stream_options={"include_usage": True}):
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
        usages += getattr(chunk, "usage", None) is not None
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": usages}


def whole() -> dict[str, Any]:
    return {"text": complete([user(QUESTION)]).choices[0].message.content}


def tool() -> dict[str, Any]:
    asked = complete([user(TOOL_QUESTION)], tools=[WEATHER_TOOL]).choices[0].message
    return agent.used_tool(complete([*with_results(asked)], tools=[WEATHER_TOOL]).choices[0].message.content)


def tool_streamed() -> dict[str, Any]:
    def ask(messages: list[dict[str, Any]]) -> litellm.Message:
        chunks = list(complete(messages, tools=[WEATHER_TOOL], stream=True))
        return litellm.stream_chunk_builder(chunks, messages=messages).choices[0].message

    asked = ask([user(TOOL_QUESTION)])
    return agent.used_tool(ask([*with_results(asked)]).content)


def failure(model: str, **options: Any) -> dict[str, Any]:
    try:
        complete([user(QUESTION)], model, **options)
    except openai.APIStatusError as error:
        return {"error": type(error).__name__, "status": error.status_code, "message": error.message}
    return {}


report(
    version=version("litellm"),
    streamed=streamed(),
    whole=whole(),
    tool=tool(),
    tool_streamed=tool_streamed(),
    refused=failure(agent.refused_model),
    wrong_key=failure(agent.model, api_key=WRONG_KEY),
)
