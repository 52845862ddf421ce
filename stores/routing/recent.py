"""The sessions that a worker has seen lately and their variants, so that a later turn asks nobody."""

from collections import OrderedDict
from typing import Final

_CAPACITY: Final = 100_000


class Recent:
    """The least recently used are forgotten beyond `capacity`."""

    __slots__ = ("_capacity", "_variants")

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._variants: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._capacity = capacity

    def get(self, agent: str, session: str) -> str | None:
        key = (agent, session)
        found = self._variants.get(key)
        if found is not None:
            self._variants.move_to_end(key)
        return found

    def put(self, agent: str, session: str, variant: str) -> None:
        self._variants[agent, session] = variant
        if len(self._variants) > self._capacity:
            self._variants.popitem(last=False)

    def items(self) -> list[tuple[tuple[str, str], str]]:
        return list(self._variants.items())
