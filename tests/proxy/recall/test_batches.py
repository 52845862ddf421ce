"""Texts are embedded together when they come together, and at once when they come alone."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from proxy.recall.batches import MOST, Batches
from stores.embedding import EmbeddingError, Vectors


class Embedding:
    """Each batch waits for leave to end."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = asyncio.Semaphore(0)
        self.leave = asyncio.Semaphore(0)
        self.error: Exception | None = None

    async def __call__(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        self.begun.release()
        await self.leave.acquire()
        if self.error is not None:
            raise self.error
        return np.array([[float(text), 1.0] for text in texts], np.float32)

    def let_go(self, batches: int = 1) -> None:
        for _ in range(batches):
            self.leave.release()


def asked(batches: Batches, *texts: str) -> list["asyncio.Task[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]"]:
    return [asyncio.create_task(batches.vector(text)) for text in texts]


async def test_what_comes_while_one_batch_runs_makes_the_next() -> None:
    embedding = Embedding()
    batches = Batches(embedding)
    tasks = asked(batches, "1")
    await embedding.begun.acquire()
    tasks += asked(batches, "2", "3", "4")
    await asyncio.sleep(0)
    embedding.let_go(2)
    assert [vector[0] for vector in await asyncio.gather(*tasks)] == [1, 2, 3, 4]
    assert embedding.batches == [["1"], ["2", "3", "4"]]


async def test_a_batch_has_no_more_texts_than_told() -> None:
    embedding = Embedding()
    batches = Batches(embedding)
    tasks = asked(batches, *map(str, range(MOST + 3)))
    embedding.let_go(3)
    await asyncio.gather(*tasks)
    assert max(map(len, embedding.batches)) == MOST
    assert sum(map(len, embedding.batches)) == MOST + 3


async def test_the_same_text_is_embedded_once() -> None:
    embedding = Embedding()
    batches = Batches(embedding)
    embedding.let_go(5)
    tasks = asked(batches, "1", "1")
    await asyncio.gather(*tasks)
    await batches.vector("1")
    assert embedding.batches == [["1"]]


async def test_who_stops_waiting_takes_nothing_from_the_others() -> None:
    embedding = Embedding()
    batches = Batches(embedding)
    first, second, third = asked(batches, "1", "2", "2")
    await embedding.begun.acquire()
    first.cancel()
    second.cancel()
    await asyncio.sleep(0)
    embedding.let_go(2)
    assert (await third)[0] == 2
    assert first.cancelled()
    assert second.cancelled()


async def test_an_error_is_of_its_batch_alone() -> None:
    embedding = Embedding()
    batches = Batches(embedding)
    embedding.error = EmbeddingError("no model")
    failing = asked(batches, "1", "2")
    embedding.let_go()
    for task in failing:
        with pytest.raises(EmbeddingError, match="no model"):
            await task
    embedding.error = None
    embedding.let_go()
    assert (await batches.vector("1"))[0] == 1


async def test_several_batches_may_be_on_their_way_at_once() -> None:
    embedding = Embedding()
    batches = Batches(embedding, at_once=2)
    tasks = asked(batches, "1")
    await embedding.begun.acquire()
    tasks += asked(batches, "2")
    await embedding.begun.acquire()
    assert embedding.batches == [["1"], ["2"]]
    embedding.let_go(2)
    await asyncio.gather(*tasks)
