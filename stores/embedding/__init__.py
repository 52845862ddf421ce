"""Texts as vectors, so that similar ones are near each other."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""One row a text, each of length 1."""


class Embedder(Protocol):
    """Blocking: for a thread. `space` names the model and its version; vectors of two spaces are never compared."""

    @property
    def space(self) -> str: ...

    @property
    def size(self) -> int:
        """How many numbers a vector has."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Raises `EmbeddingError` where that cannot be had now. What is longer than the model reads is cut."""
        ...


class EmbeddingError(Exception):
    """No vectors could be had; the message says why, and what to do."""
