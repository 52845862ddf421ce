"""How tests ask the scripted provider: by hand, so that every byte of what it answers can be looked at."""

import json
from typing import Any

import aiohttp

from tests.support.upstream import CHAT

Session = aiohttp.ClientSession
ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "How are you?"}]}


async def whole(client: Session, **asked: Any) -> Any:
    async with client.post(CHAT, json={**ASKED, **asked}) as response:
        return await response.json()


async def body(client: Session, **asked: Any) -> bytes:
    async with client.post(CHAT, json={**ASKED, "stream": True, **asked}) as response:
        return await response.read()


async def chunks(client: Session, **asked: Any) -> list[Any]:
    """The events of a stream; its `[DONE]` must be there, and is left out."""
    *events, last = (await body(client, **asked)).decode().strip().split("\n\n")
    assert last == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events]


def deltas(events: list[Any], field: str) -> list[Any]:
    return [c["delta"][field] for event in events for c in event["choices"] if c["delta"].get(field)]
