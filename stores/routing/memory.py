"""Routing state of one process alone: for a step under test, and for a proxy that must not write."""

from collections.abc import Mapping

from stores.routing import Folded, Published


class MemoryRouting:
    """Both sides of it: what workers read and what the background process writes."""

    def __init__(self) -> None:
        self._stuck: dict[tuple[str, str], tuple[str, int]] = {}
        self._folded: dict[str, Folded] = {}
        self._published: dict[str, Published] = {}

    @property
    def problem(self) -> str | None:
        return None

    def known(self, agent: str, session: str) -> str | None:
        found = self._stuck.get((agent, session))
        return None if found is None else found[0]

    async def stick(self, agent: str, session: str, variant: str, now_ns: int) -> str:
        return self._stuck.setdefault((agent, session), (variant, now_ns))[0]

    async def published(self) -> Mapping[str, Published] | None:
        return dict(self._published)

    async def flush(self) -> None:
        """Nothing is shared."""

    async def aclose(self) -> None:
        """Nothing is open."""

    def load(self, agent: str) -> Folded | None:
        return self._folded.get(agent)

    def last(self, agent: str) -> Published | None:
        return self._published.get(agent)

    def save(self, agent: str, before: Folded | None, folded: Folded, published: Published | None) -> bool:
        known = self._folded.get(agent)
        if (known.cursor if known else None) != (before.cursor if before else None):
            return False
        self._folded[agent] = folded
        if published is not None:
            self._published[agent] = published
        return True

    def forget(self, before_ns: int) -> None:
        self._stuck = {key: found for key, found in self._stuck.items() if found[1] >= before_ns}

    def close(self) -> None:
        """Nothing is open."""
