"""Which tools are failing, as workers act on it, and what is known of them: over SQLite, Redis or memory.

All of it can be made again from the runs.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from stores.routing import Folded


class Failing(msgspec.Struct, frozen=True):
    """A tool whose breaker is not closed: since when, and from when on it may be tried. `why` is for people."""

    since_ns: int
    until_ns: int
    why: str


class FailingTools(msgspec.Struct, frozen=True, kw_only=True):
    """Those of one agent."""

    agent: str
    tools: dict[str, Failing] = {}


class ToolNews(Protocol):
    """For workers. Nothing here may fail a call."""

    async def failing(self) -> Mapping[str, FailingTools] | None:
        """By agent, what was published last; None while it cannot be had."""
        ...

    async def aclose(self) -> None: ...


class ToolStates(Protocol):
    """For the one background process that folds calls of tools. Raises `StoreError` while it cannot be used."""

    def load(self, agent: str) -> Folded | None: ...

    def save(self, before: Folded | None, folded: Folded, published: FailingTools) -> bool:
        """Both or neither; False, and nothing, where the cursor is no longer that of `before`."""
        ...

    def close(self) -> None: ...
