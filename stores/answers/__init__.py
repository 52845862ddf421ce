"""Where best past answers are found by what they answer: an index of vectors, a collection for each tenant and agent.

It is made from the insights that are admitted, and can be made again from them (`stores.insights`). A collection is of
one embedder: vectors of different ones are never compared.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from records.insight import Trust

Vector = NDArray[np.float32]
"""Of length 1, so that a dot product is the cosine."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a call needs to know of an insight to be shown it."""

    id: str
    question: str
    text: str
    origin: str
    trust: Trust
    low: float
    model: str | None = None
    instructions: str = ""
    tools: tuple[str, ...] = ()
    expires_ns: int | None = None


class Found(NamedTuple):
    """`similarity` is the cosine of question and question, from -1 to 1."""

    answer: Answer
    similarity: float
    vector: Vector


class Collection(NamedTuple):
    """Which: `space` is the embedder's name for its vectors, `size` how many numbers each has."""

    tenant: str
    agent: str
    space: str
    size: int


class AnswerIndex(Protocol):
    """Blocking: for a thread. Raises `StoreError` while it cannot be used. Nothing is ever found across collections."""

    def nearest(self, collection: Collection, vector: Vector, limit: int) -> list[Found]:
        """The most similar first; empty where the collection is."""
        ...

    def put(self, collection: Collection, answers: Sequence[Answer], vectors: Sequence[Vector]) -> None:
        """By id: one that is there is replaced."""
        ...

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        ...

    def ids(self, collection: Collection) -> list[str]: ...

    def clear(self, collection: Collection) -> None: ...

    def close(self) -> None: ...
