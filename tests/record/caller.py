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
    """A client of a served proxy. Each question goes over a connection of its own, so that any worker may get it."""

    def __init__(self, proxy: ServedProxy, client: aiohttp.ClientSession) -> None:
        self._proxy = proxy
        self._client = client

    async def chat(self, *messages: Any, **fields: Any) -> Answer:
        return await self._answer(self._client.post(self._proxy.url + f"/v1/{CHAT}", json=asking(*messages, **fields)))

    async def get(self, path: str) -> Answer:
        return await self._answer(self._client.get(self._proxy.url + path))

    async def metric(self, name: str) -> float:
        """A figure without labels, as /metrics tells it."""
        lines = (await self.get("/metrics")).body.decode().splitlines()
        return sum(float(line.split()[1]) for line in lines if line.split()[0] == name)

    async def _answer(self, call: "aiohttp.client._RequestContextManager") -> Answer:
        async with call as response:
            return Answer(response.status, response.headers, await response.read())


@asynccontextmanager
async def calling(proxy: ServedProxy) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), headers={"authorization": f"Bearer {KEY}"}
    ) as client:
        yield Caller(proxy, client)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Looks every now and then, and gives up after half a minute."""
    give_up = time.monotonic() + _PATIENCE
    while not await holds():
        assert time.monotonic() < give_up, "what the test waited for did not come about"
        await asyncio.sleep(0.05)
