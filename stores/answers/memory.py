"""Answers in the memory of one process: for tests, and where nothing may be written."""

from collections.abc import Sequence
from threading import Lock

import numpy as np

from stores.answers import Answer, Collection, Found, Vector


class MemoryAnswers:
    """Compares with every answer: exact, and slow beyond some ten thousand."""

    def __init__(self) -> None:
        self._kept: dict[Collection, dict[str, tuple[Answer, Vector]]] = {}
        self._lock = Lock()

    def nearest(self, collection: Collection, vector: Vector, limit: int) -> list[Found]:
        with self._lock:
            kept = list(self._kept.get(collection, {}).values())
        if not kept:
            return []
        similarities = np.stack([each for _, each in kept]) @ vector
        best = np.argsort(-similarities, kind="stable")[:limit]
        return [Found(kept[place][0], float(similarities[place]), kept[place][1]) for place in best]

    def put(self, collection: Collection, answers: Sequence[Answer], vectors: Sequence[Vector]) -> None:
        with self._lock:
            there = self._kept.setdefault(collection, {})
            for answer, vector in zip(answers, vectors, strict=True):
                there[answer.id] = (answer, vector)

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        with self._lock:
            there = self._kept.get(collection, {})
            for id in ids:
                there.pop(id, None)

    def ids(self, collection: Collection) -> list[str]:
        with self._lock:
            return list(self._kept.get(collection, {}))

    def clear(self, collection: Collection) -> None:
        with self._lock:
            self._kept.pop(collection, None)

    def close(self) -> None:
        pass
