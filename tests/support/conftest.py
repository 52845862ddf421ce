"""A scripted provider in the test's own event loop, and a client that takes nothing off its hands."""

from collections.abc import AsyncIterator

import pytest

from tests.support.asking import Session
from tests.support.upstream import Upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[Session]:
    async with Session(upstream.url, auto_decompress=False) as client:
        yield client
