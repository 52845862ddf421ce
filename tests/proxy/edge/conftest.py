"""A scripted provider and proxies before it, in the test's own event loop."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.support.proxy import Proxy, proxied
from tests.support.upstream import Upstream

Start: TypeAlias = Callable[..., Awaitable[Proxy]]
"""`await start(agent=..., server=...)`: a proxy under that configuration (see `tests.support.proxy.settings`)."""


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def start(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Start]:
    async with AsyncExitStack() as running:

        async def one(**written: Any) -> Proxy:
            return await running.enter_async_context(proxied(upstream, tmp_path / "records", **written))

        yield one


@pytest.fixture
async def proxy(start: Start) -> Proxy:
    """A proxy that changes nothing but the model's name."""
    return await start()
