"""One question at a time, twenty a second: to an agent with a memory, to one without, and to the memory alone."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from benchmarks.stats import percentile
from stores.answers import AnswerIndex, Collection
from stores.embedding import Embedder

RATE: Final = 20.0
"""Calls a second."""
LIMIT: Final = 20
"""Answers that the step asks for."""


@dataclass
class Figures:
    """Seconds of each question, in the order they were asked."""

    with_memory: list[float] = field(default_factory=list)
    without: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    missed: int = 0
    """Calls that got no answers in time."""

    def added(self, share: float) -> float:
        return percentile(self.with_memory, share) - percentile(self.without, share)

    def ratio(self, share: float) -> float:
        return self.added(share) / percentile(self.bare, share)


@dataclass(frozen=True)
class Agent:
    """An agent of the proxy at `url`, by its key."""

    client: httpx.Client
    url: str
    key: str

    def __call__(self, question: str) -> None:
        answer = self.client.post(
            f"{self.url}/v1/chat/completions",
            json={"model": "bench", "messages": [{"role": "user", "content": question}]},
            headers={"authorization": f"Bearer {self.key}"},
        )
        answer.raise_for_status()


@dataclass(frozen=True)
class Bare:
    """An embedding and a query, in this process."""

    embedder: Embedder
    index: AnswerIndex
    collection: Collection

    def __call__(self, question: str) -> None:
        (vector,) = self.embedder.embed([question])
        found = self.index.nearest(self.collection, vector, LIMIT)
        if len(found) != LIMIT:
            raise ValueError(f"{len(found)} answers were found, not {LIMIT}")


def paced(ask: Callable[[str], None], asked: Iterator[str], seconds: float) -> Sequence[float]:
    """How long each question took, from when it was due: what waits for the one before counts."""
    took = []
    began = time.perf_counter()
    for number in range(round(seconds * RATE)):
        due = began + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        ask(next(asked))
        took.append(time.perf_counter() - due)
    return took
