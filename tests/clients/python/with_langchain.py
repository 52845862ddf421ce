"""The agent on langchain-openai: a chat model with a bound tool, by the API that the example has chosen."""

from importlib.metadata import version
from typing import Any

import openai
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from the_agent import QUESTION, TOOL_QUESTION, WRONG_KEY, Agent, report, told

agent = Agent()
weather = StructuredTool.from_function(agent.get_weather)
example: ChatOpenAI = agent.example.model


def built(model: str = agent.model, **options: Any) -> ChatOpenAI:
    burnish = {
        "base_url": example.openai_api_base,
        "api_key": example.openai_api_key,
        "use_responses_api": example.use_responses_api,
    }
    return ChatOpenAI(model=model, **burnish | options)


def streamed() -> dict[str, Any]:
    pieces, usages = [], 0
    for chunk in built(stream_usage=True).stream(QUESTION):
        pieces += [chunk.text] if chunk.text else []
        usages += chunk.usage_metadata is not None
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": usages}


def whole() -> dict[str, Any]:
    return {"text": built().invoke(QUESTION).text}


def with_results(asked: AIMessage) -> list[Any]:
    results = [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in asked.tool_calls]
    return [HumanMessage(TOOL_QUESTION), asked, *results]


def tool() -> dict[str, Any]:
    armed = built().bind_tools([weather])
    return agent.used_tool(armed.invoke(with_results(armed.invoke(TOOL_QUESTION))).text)


def tool_streamed() -> dict[str, Any]:
    armed = built().bind_tools([weather])
    asked, *rest = armed.stream(TOOL_QUESTION)
    for chunk in rest:
        asked += chunk
    return agent.used_tool("".join(chunk.text for chunk in armed.stream(with_results(asked))))


def failure(model: str, **options: Any) -> dict[str, Any]:
    try:
        built(model, max_retries=0, **options).invoke(QUESTION)
    except openai.APIStatusError as error:
        return told(error)
    return {}


report(
    version=version("langchain-openai"),
    streamed=streamed(),
    whole=whole(),
    tool=tool(),
    tool_streamed=tool_streamed(),
    refused=failure(agent.refused_model),
    wrong_key=failure(agent.model, api_key=WRONG_KEY),
)
