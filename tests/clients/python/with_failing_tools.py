"""An agent on OpenAI's Agents SDK with tools of its own, one of them broken: asks what it is given, and tells what it
was answered. Questions come in as a JSON list on standard input."""

import asyncio
import json
import os
import socket
import sys
from datetime import date

from agents import (
    Agent,
    Runner,
    function_tool,
    set_default_openai_api,
    set_default_openai_client,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

AT_ONCE = 8
CAPITALS = {f"Land {number}": f"Town {number}" for number in range(1_000)}

set_default_openai_client(AsyncOpenAI(base_url=os.environ["BURNISH_URL"], api_key=os.environ["BURNISH_API_KEY"]))
set_default_openai_api("chat_completions")
set_tracing_disabled(True)


@function_tool
def exchange_rate(day: str) -> str:
    """Tell what a token cost on a day.

    Args:
        day: The day.
    """
    # `fromisoformat` alone takes more forms than one.
    if len(day) != 10:
        raise ValueError("day must be an ISO date, such as 2004-05-31")
    return f"{date.fromisoformat(day).toordinal() % 997} coins"


@function_tool
def web_search(land: str) -> str:
    """Find the capital of a land on the web."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody_listens_at = unused.getsockname()
    with socket.create_connection(nobody_listens_at, timeout=1):
        return CAPITALS[land]


@function_tool
def atlas(land: str) -> str:
    """Find the capital of a land in the atlas."""
    return CAPITALS[land]


agent = Agent(name="clerk", model="small", tools=[exchange_rate, web_search, atlas])


async def answers(questions: list[str]) -> list[str]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def answer(question: str) -> str:
        async with turns:
            return str((await Runner.run(agent, question)).final_output)

    return await asyncio.gather(*map(answer, questions))


print("\n" + json.dumps(asyncio.run(answers(json.load(sys.stdin)))))
