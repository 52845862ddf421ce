"""A library whose index and embedder do as they are told."""

import threading
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from proxy.recall.desk import RecallDesk
from stores.answers import Answer, AnswerIndex, Collection, Found, Vector
from stores.answers.memory import MemoryAnswers
from stores.embedding import EmbeddingError, Vectors
from stores.runs import StoreError


class Index(MemoryAnswers):
    """Fails while it is `away`; keeps silent while `speaks` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.asked = 0
        self.speaks = threading.Event()
        self.speaks.set()

    def nearest(self, collection: Collection, vector: Vector, limit: int) -> list[Found]:
        self.asked += 1
        if not self.speaks.wait(20):
            raise StoreError("the index kept silent")
        if self.away:
            raise StoreError("the index is away; start it")
        return super().nearest(collection, vector, limit)


class Embedder:
    space = "letters"
    size = 26

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.array([[text.count(chr(97 + place)) + 0.01 for place in range(26)] for text in texts], np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


class FakeLibrary:
    def __init__(self) -> None:
        self.answers = Index()
        self.letters = Embedder()
        self.embeds = True
        self.closed = False

    def index(self) -> AnswerIndex:
        return self.answers

    def embedder(self) -> Embedder:
        if not self.embeds:
            raise EmbeddingError("the embedder is not there; fetch it")
        return self.letters

    def keep(self, tenant: str, agent: str, *questions: str) -> None:
        kept = [
            Answer(id=question, question=question, text="it is so", origin="run", trust="code", low=0.9)
            for question in questions
        ]
        self.answers.put(Collection(tenant, agent, "letters", 26), kept, list(self.letters.embed(questions)))

    def close(self) -> None:
        self.closed = True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(library: FakeLibrary, clock: Clock) -> AsyncIterator[RecallDesk]:
    desk = RecallDesk(library, clock=clock)
    yield desk
    library.answers.speaks.set()
    await desk.aclose()
