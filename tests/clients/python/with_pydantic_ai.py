"""The agent on pydantic-ai, with the kind of OpenAI model that the example has chosen."""

import asyncio
from importlib.metadata import version
from typing import Any

import pydantic_ai
from pydantic_ai.models import Model
from pydantic_ai.providers.openai import OpenAIProvider
from the_agent import QUESTION, TOOL_QUESTION, WRONG_KEY, Agent, report

agent = Agent()


def model(name: str = agent.model, **options: Any) -> Model:
    client = agent.example.provider.client.with_options(max_retries=0, **options)
    return type(agent.example.model)(name, provider=OpenAIProvider(openai_client=client))


async def streamed() -> dict[str, Any]:
    async with pydantic_ai.Agent(model()).run_stream(QUESTION) as run:
        pieces = [piece async for piece in run.stream_text(delta=True, debounce_by=None)]
        return {"text": "".join(pieces), "pieces": len(pieces), "usages": int(run.usage.output_tokens > 0)}


async def whole() -> dict[str, Any]:
    return {"text": (await pydantic_ai.Agent(model()).run(QUESTION)).output}


async def tool() -> dict[str, Any]:
    armed = pydantic_ai.Agent(model(), tools=[agent.get_weather])
    return agent.used_tool((await armed.run(TOOL_QUESTION)).output)


async def tool_streamed() -> dict[str, Any]:
    armed = pydantic_ai.Agent(model(), tools=[agent.get_weather])
    async with armed.run_stream(TOOL_QUESTION) as run:
        return agent.used_tool(await run.get_output())


async def failure(name: str, **options: Any) -> dict[str, Any]:
    try:
        await pydantic_ai.Agent(model(name, **options)).run(QUESTION)
    except pydantic_ai.ModelHTTPError as error:
        return {
            "error": type(error).__name__,
            "status": error.status_code,
            "code": error.body["code"],
            "message": error.body["message"],
        }
    return {}


async def main() -> None:
    report(
        version=version("pydantic-ai-slim"),
        streamed=await streamed(),
        whole=await whole(),
        tool=await tool(),
        tool_streamed=await tool_streamed(),
        refused=await failure(agent.refused_model),
        wrong_key=await failure(agent.model, api_key=WRONG_KEY),
    )


asyncio.run(main())
