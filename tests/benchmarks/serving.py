"""Serves a route of the benchmark on loopback, in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.http1 import Connection, Route
from benchmarks.traffic import Target


@asynccontextmanager
async def serving(route: Route) -> AsyncIterator[Target]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(route, lambda change: None), "127.0.0.1", 0)
    async with server:
        yield Target(server.sockets[0].getsockname()[1])
