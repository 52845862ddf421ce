"""A client that makes one call at a time, and waits for what a proxy comes to say of itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from tests.support.proxy import CHAT, KEY, Answer, ServedProxy, asking

_PATIENCE: Final = 30.0


class Caller:
    """A client of a served proxy."""

    def __init__(self, proxy: ServedProxy, client: aiohttp.ClientSession) -> None:
        self._proxy = proxy
        self._client = client

    async def chat(self, *messages: Any, **fields: Any) -> Answer:
        return await self._answer(self._client.post(self._proxy.url + f"/v1/{CHAT}", json=asking(*messages, **fields)))

    async def say(self, of: Answer, **said: Any) -> Answer:
        """Feedback on an answer."""
        body = {"run_id": of.run_id, **said}
        return await self._answer(self._client.post(self._proxy.url + "/v1/feedback", json=body))

    async def get(self, path: str) -> Answer:
        return await self._answer(self._client.get(self._proxy.url + path))

    async def metric(self, name: str) -> float:
        """A figure as /metrics tells it, added up over its labels."""
        samples = [line.rsplit(" ", 1) for line in (await self.get("/metrics")).body.decode().splitlines()]
        return sum(float(value) for sample, value in samples if sample.partition("{")[0] == name)

    async def _answer(self, call: "aiohttp.client._RequestContextManager") -> Answer:
        async with call as response:
            return Answer(response.status, response.headers, await response.read())


@asynccontextmanager
async def calling(proxy: ServedProxy, *, once: bool = False) -> AsyncIterator[Caller]:
    """Opens a connection for each question, so that any worker may get it; with `once` one for all of them."""
    connections = aiohttp.TCPConnector(limit=1) if once else aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connections, headers={"authorization": f"Bearer {KEY}"}) as client:
        yield Caller(proxy, client)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Looks every now and then, and gives up after half a minute."""
    give_up = time.monotonic() + _PATIENCE
    while not await holds():
        assert time.monotonic() < give_up, "what the test waited for did not come about"
        await asyncio.sleep(0.05)
