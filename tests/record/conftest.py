"""The scripted provider behind every proxy that these tests start."""

from collections.abc import AsyncIterator

import pytest

from tests.clients.conftest import environments
from tests.support.upstream import Upstream

__all__ = ["environments", "upstream"]


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream
