"""The agent on langchain-openai: a chat model with a bound tool."""

from importlib.metadata import version
from typing import Any

import openai
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from the_agent import QUESTION, TOOL_QUESTION, WRONG_KEY, Agent, report

agent = Agent()
weather = StructuredTool.from_function(agent.get_weather)
chat = ChatOpenAI(model=agent.model)


def streamed() -> dict[str, Any]:
    pieces, usages = [], 0
    for chunk in chat.stream(QUESTION, stream_usage=True):
        pieces += [chunk.text] if chunk.text else []
        usages += chunk.usage_metadata is not None
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": usages}


def whole() -> dict[str, Any]:
    return {"text": chat.invoke(QUESTION).text}


def with_results(asked: AIMessage) -> list[Any]:
    results = [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in asked.tool_calls]
    return [HumanMessage(TOOL_QUESTION), asked, *results]


def tool() -> dict[str, Any]:
    armed = chat.bind_tools([weather])
    return agent.used_tool(armed.invoke(with_results(armed.invoke(TOOL_QUESTION))).text)


def tool_streamed() -> dict[str, Any]:
    armed = chat.bind_tools([weather])
    asked, *rest = armed.stream(TOOL_QUESTION)
    for chunk in rest:
        asked += chunk
    return agent.used_tool("".join(chunk.text for chunk in armed.stream(with_results(asked))))


def failure(**options: Any) -> dict[str, Any]:
    try:
        ChatOpenAI(max_retries=0, **options).invoke(QUESTION)
    except openai.APIStatusError as error:
        return {
            "error": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "message": error.message,
        }
    return {}


report(
    version=version("langchain-openai"),
    streamed=streamed(),
    whole=whole(),
    tool=tool(),
    tool_streamed=tool_streamed(),
    rate_limit=failure(model=agent.limited_model),
    wrong_key=failure(model=agent.model, api_key=WRONG_KEY),
)
