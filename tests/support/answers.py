"""An embedder and an index of answers that tests can look into: words stand for meaning, and all is in memory."""

import re
from collections.abc import Sequence

import numpy as np

from stores.answers import Answer, Collection, Found, Vector
from stores.embedding import EmbeddingError, Vectors
from stores.runs import StoreBusy


class WordEmbedder:
    """Texts are alike by the words they share; `failing` says that no vectors can be had."""

    def __init__(self, space: str = "words-1", size: int = 512) -> None:
        self.space = space
        self.size = size
        self.failing = False
        self._places: dict[str, int] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.failing:
            raise EmbeddingError("the embedder is away; start it")
        return np.array([self._vector(text) for text in texts], dtype=np.float32)

    def _vector(self, text: str) -> Vector:
        vector = np.zeros(self.size, dtype=np.float32)
        for word in re.findall(r"\w+", text.casefold()):
            vector[self._places.setdefault(word, len(self._places)) % self.size] += 1
        return vector / np.float32(np.linalg.norm(vector) or 1)


class MemoryAnswers:
    """An `AnswerIndex`; `collections` is all it has, `failing` says that it cannot be used."""

    def __init__(self) -> None:
        self.collections: dict[Collection, dict[str, tuple[Answer, Vector]]] = {}
        self.failing = False

    def nearest(self, collection: Collection, vector: Vector, limit: int) -> list[Found]:
        found = [Found(answer, float(vector @ its), its) for answer, its in self._of(collection).values()]
        return sorted(found, key=lambda each: -each.similarity)[:limit]

    def put(self, collection: Collection, answers: Sequence[Answer], vectors: Sequence[Vector]) -> None:
        self._of(collection).update((answer.id, (answer, its)) for answer, its in zip(answers, vectors, strict=True))

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        for id in ids:
            self._of(collection).pop(id, None)

    def ids(self, collection: Collection) -> list[str]:
        return list(self._of(collection))

    def clear(self, collection: Collection) -> None:
        self._of(collection).clear()

    def close(self) -> None:
        pass

    @property
    def texts(self) -> list[str]:
        """All answers that can be found, by whomever."""
        return sorted(answer.text for held in self.collections.values() for answer, _ in held.values())

    def _of(self, collection: Collection) -> dict[str, tuple[Answer, Vector]]:
        if self.failing:
            raise StoreBusy("the index is away; start it")
        return self.collections.setdefault(collection, {})
