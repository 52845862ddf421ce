"""What a step asks for past answers, whoever embeds and wherever they are kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Only for its name: it brings numpy, which agents without a memory do not pay for.
    from stores.answers import Found


class Recall(Protocol):
    """The answers of one tenant and agent."""

    async def nearest(self, question: str, limit: int) -> "Sequence[Found]":
        """The most similar first. Raises `RecallFailed` when they cannot be had; how long to wait is the caller's
        business, and to stop waiting does no harm."""
        ...


class RecallFailed(Exception):
    """No answers could be had; the message says why."""


class NoRecall:
    """For an agent that has no memory."""

    async def nearest(self, question: str, limit: int) -> "Sequence[Found]":
        return ()
