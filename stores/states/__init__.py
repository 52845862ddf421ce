"""What the background process knows of each agent, and what workers are told of it: over SQLite, Redis or memory.

One contract for all that is learned so and can be made again from the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from stores.routing import Folded


class OfAgent(Protocol):
    """A `Struct` that names the agent that it is of."""

    @property
    def agent(self) -> str: ...


P = TypeVar("P", bound=OfAgent)
P_co = TypeVar("P_co", bound=OfAgent, covariant=True)
P_contra = TypeVar("P_contra", bound=OfAgent, contravariant=True)


@dataclass(frozen=True, slots=True)
class Kind(Generic[P]):
    """`name` is that of what is known (a table, and keys), `published` that of what workers are told, of type `type`.
    `held` says to a person what workers do while that cannot be had."""

    name: str
    published: str
    type: type[P]
    held: str


class News(Protocol[P_co]):
    """For workers. Nothing here may fail a call."""

    async def published(self) -> Mapping[str, P_co] | None:
        """By agent, what was published last; None while it cannot be had."""
        ...

    async def aclose(self) -> None: ...


class States(Protocol[P_contra]):
    """For the one background process that folds. Raises `StoreError` while it cannot be used."""

    def load(self, agent: str) -> Folded | None: ...

    def save(self, before: Folded | None, folded: Folded, published: P_contra) -> bool:
        """Both or neither; False, and nothing, where the cursor is no longer that of `before`."""
        ...

    def close(self) -> None: ...
