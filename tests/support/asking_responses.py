"""How tests ask the scripted provider through the Responses API."""

import json
from typing import Any

from tests.support.asking import Session
from tests.support.upstream import RESPONSES

ASKED: dict[str, Any] = {"model": "m", "input": "How are you?"}
SUMMARY: dict[str, Any] = {"reasoning": {"effort": "low", "summary": "auto"}}


async def whole(client: Session, **asked: Any) -> Any:
    async with client.post(RESPONSES, json={**ASKED, **asked}) as response:
        return await response.json()


async def events(client: Session, **asked: Any) -> list[Any]:
    """The events of a stream, each of which has its type for its name, and its number for its place."""
    async with client.post(RESPONSES, json={**ASKED, "stream": True, **asked}) as response:
        assert response.content_type == "text/event-stream"
        written = (await response.text()).strip().split("\n\n")
    found = []
    for number, event in enumerate(written):
        name, data = event.splitlines()
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
        assert found[-1]["sequence_number"] == number
    return found
