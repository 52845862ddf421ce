"""A scripted provider on loopback, and a router in front of it whose clock, sleep and dice the test holds."""

from collections.abc import AsyncIterator

import pytest

from proxy.upstreams.pool import Pool
from tests.proxy.upstreams.behind import Behind, Clock
from tests.support.upstream import Upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def second() -> AsyncIterator[Upstream]:
    """Another provider, to fall back to."""
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pool(clock: Clock) -> AsyncIterator[Pool]:
    async with Pool(clock=clock) as pool:
        yield pool


@pytest.fixture
def behind(upstream: Upstream, pool: Pool) -> Behind:
    return Behind(upstream.base_url, pool)
