"""The scripted provider behind every proxy that these tests start."""

from collections.abc import AsyncIterator

import pytest

from tests.support.upstream import Upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream
