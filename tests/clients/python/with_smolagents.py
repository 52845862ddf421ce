"""The agent on smolagents: a ToolCallingAgent, which works until the model calls its tool `final_answer`."""

from importlib.metadata import version
from typing import Any

import openai
import smolagents
from the_agent import QUESTION, TOOL_QUESTION, WRONG_KEY, Agent, report, told

agent = Agent()
said = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]


def model(name: str = agent.model, **options: Any) -> smolagents.OpenAIModel:
    example: smolagents.OpenAIModel = agent.example.model
    burnish = {"api_base": example.client_kwargs["base_url"], "api_key": example.client_kwargs["api_key"]}
    return smolagents.OpenAIModel(name, retry=False, client_kwargs={"max_retries": 0}, **burnish | options)


@smolagents.tool
def get_weather(city: str) -> str:
    """Tell the weather in a city.

    Args:
        city: Its name.
    """
    return agent.get_weather(city)


def streamed() -> dict[str, Any]:
    pieces, usages = [], 0
    for delta in model().generate_stream(said):
        pieces += [delta.content] if delta.content else []
        usages += delta.token_usage is not None
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": usages}


def whole() -> dict[str, Any]:
    return {"text": model().generate(said).content}


def tool(stream: bool) -> dict[str, Any]:
    armed = smolagents.ToolCallingAgent(
        [get_weather], model(), stream_outputs=stream, verbosity_level=smolagents.LogLevel.OFF
    )
    return agent.used_tool(armed.run(TOOL_QUESTION))


def failure(name: str, **options: Any) -> dict[str, Any]:
    try:
        model(name, **options).generate(said)
    except openai.APIStatusError as error:
        return told(error)
    return {}


report(
    version=version("smolagents"),
    streamed=streamed(),
    whole=whole(),
    tool=tool(stream=False),
    tool_streamed=tool(stream=True),
    refused=failure(agent.refused_model),
    wrong_key=failure(agent.model, api_key=WRONG_KEY),
)
