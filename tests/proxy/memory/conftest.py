"""An agent with a memory, made by the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.proxy.memory.process import Background
from tests.proxy.memory.remembering import Memory
from tests.stores.conftest import postgresql, postgresql_url

__all__ = ["postgresql", "postgresql_url"]

Made = Callable[..., Memory]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Made]:
    """`memory(reward=..., admission=...)`; keywords are those of `Memory` and of `MemoryTerms`."""
    made: list[Memory] = []

    def make(**given: Any) -> Memory:
        made.append(Memory(tmp_path, **given))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Callable[..., Background]]:
    made: list[Background] = []

    def make(**sections: Any) -> Background:
        made.append(Background(tmp_path, **sections))
        return made[-1]

    yield make
    for each in made:
        each.close()
