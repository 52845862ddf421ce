"""The agent on OpenAI's Agents SDK, kept to chat completions, with its trace export off."""

import asyncio
from importlib.metadata import version
from typing import Any

import agents
import openai
from openai.types.responses import ResponseTextDeltaEvent
from the_agent import QUESTION, TOOL_QUESTION, WRONG_KEY, Agent, report

agent = Agent()


def build(model: str = agent.model, *tools: agents.Tool, **options: Any) -> agents.Agent:
    chat = agents.OpenAIChatCompletionsModel(model, openai_client=openai.AsyncOpenAI(**options))
    settings = agents.ModelSettings(include_usage=True)
    return agents.Agent(name="weather", model=chat, model_settings=settings, tools=list(tools))


async def streamed() -> dict[str, Any]:
    run = agents.Runner.run_streamed(build(), QUESTION)
    pieces = [
        event.data.delta
        async for event in run.stream_events()
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent)
    ]
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": int(run.context_wrapper.usage.output_tokens > 0)}


async def whole() -> dict[str, Any]:
    return {"text": (await agents.Runner.run(build(), QUESTION)).final_output}


async def tool() -> dict[str, Any]:
    armed = build(agent.model, agents.function_tool(agent.get_weather))
    return agent.used_tool((await agents.Runner.run(armed, TOOL_QUESTION)).final_output)


async def tool_streamed() -> dict[str, Any]:
    armed = build(agent.model, agents.function_tool(agent.get_weather))
    run = agents.Runner.run_streamed(armed, TOOL_QUESTION)
    async for _ in run.stream_events():
        pass
    return agent.used_tool(run.final_output)


async def failure(model: str, **options: Any) -> dict[str, Any]:
    try:
        await agents.Runner.run(build(model, max_retries=0, **options), QUESTION)
    except openai.APIStatusError as error:
        return {
            "error": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "message": error.message,
        }
    return {}


async def main() -> None:
    agents.set_tracing_disabled(True)
    report(
        version=version("openai-agents"),
        streamed=await streamed(),
        whole=await whole(),
        tool=await tool(),
        tool_streamed=await tool_streamed(),
        rate_limit=await failure(agent.limited_model),
        wrong_key=await failure(agent.model, api_key=WRONG_KEY),
    )


asyncio.run(main())
