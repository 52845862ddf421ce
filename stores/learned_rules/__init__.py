"""The learned rules in force, as workers read them: over SQLite or Redis. `stores.guard_rules` is where they are kept.

What is published is signed, and whoever reads it looks at the signature.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from records.guard import SignedPolicy


class RuleNews(Protocol):
    """For workers. Nothing here may fail a call."""

    async def rules(self) -> Mapping[str, SignedPolicy] | None:
        """By agent, what was published last; None while it cannot be had. The same object while nothing changed, where
        that costs nothing."""
        ...

    async def aclose(self) -> None: ...


class RulePublisher(Protocol):
    """For the one background process. Raises `StoreError` while it cannot be used."""

    def publish(self, policies: Sequence[SignedPolicy]) -> None:
        """In place of what was published of these agents."""
        ...

    def close(self) -> None: ...
