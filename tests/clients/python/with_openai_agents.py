"""The agent on OpenAI's Agents SDK, by the API that the example has set as its default."""

import asyncio
from importlib.metadata import version
from typing import Any

import agents
import openai
from agents.models.openai_provider import OpenAIProvider
from openai.types.responses import ResponseTextDeltaEvent
from the_agent import QUESTION, TOOL_QUESTION, WRONG_KEY, Agent, report, told

agent = Agent()


def build(*tools: agents.Tool) -> agents.Agent:
    settings = agents.ModelSettings(include_usage=True)
    return agents.Agent(name="weather", model=agent.model, model_settings=settings, tools=list(tools))


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
    armed = build(agents.function_tool(agent.get_weather))
    return agent.used_tool((await agents.Runner.run(armed, TOOL_QUESTION)).final_output)


async def tool_streamed() -> dict[str, Any]:
    run = agents.Runner.run_streamed(build(agents.function_tool(agent.get_weather)), TOOL_QUESTION)
    async for _ in run.stream_events():
        pass
    return agent.used_tool(run.final_output)


async def failure(model: str, **options: Any) -> dict[str, Any]:
    client = agent.example.client.with_options(max_retries=0, **options)
    config = agents.RunConfig(model=model, model_provider=OpenAIProvider(openai_client=client))
    try:
        await agents.Runner.run(build(), QUESTION, run_config=config)
    except openai.APIStatusError as error:
        return told(error)
    return {}


async def main() -> None:
    report(
        version=version("openai-agents"),
        streamed=await streamed(),
        whole=await whole(),
        tool=await tool(),
        tool_streamed=await tool_streamed(),
        refused=await failure(agent.refused_model),
        wrong_key=await failure(agent.model, api_key=WRONG_KEY),
    )


asyncio.run(main())
