"""States of one process alone: for what is under test."""

from collections.abc import Mapping
from typing import Generic

from stores.routing import Folded
from stores.states import P


class MemoryStates(Generic[P]):
    """Both sides of it: what workers read and what the background process writes."""

    def __init__(self) -> None:
        self._folded: dict[str, Folded] = {}
        self._published: dict[str, P] = {}

    async def published(self) -> Mapping[str, P] | None:
        return dict(self._published)

    async def aclose(self) -> None:
        """Nothing is open."""

    def load(self, agent: str) -> Folded | None:
        return self._folded.get(agent)

    def save(self, before: Folded | None, folded: Folded, published: P) -> bool:
        known = self._folded.get(published.agent)
        if (known.cursor if known else None) != (before.cursor if before else None):
            return False
        self._folded[published.agent] = folded
        self._published[published.agent] = published
        return True

    def close(self) -> None:
        """Nothing is open."""
