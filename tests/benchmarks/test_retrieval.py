"""The benchmark of retrieval: what it asks, what it keeps, and how it judges."""

from collections.abc import Sequence
from itertools import islice
from random import Random

import numpy as np
import pytest

from benchmarks.retrieval.answers import fill, questions
from benchmarks.retrieval.measure import LIMIT, RATE, Bare, Figures, paced
from benchmarks.retrieval.report import generated, kept
from stores.answers.memory import MemoryAnswers
from stores.embedding import Vectors


class Letters:
    space = "letters"
    size = 26

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.array([[text.count(chr(97 + place)) + 0.01 for place in range(26)] for text in texts], np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


def test_no_question_is_asked_twice() -> None:
    assert len(set(islice(questions(Random(1)), 2_000))) == 2_000


def test_a_memory_that_was_filled_answers_the_bare_query() -> None:
    index = MemoryAnswers()
    collection = fill(index, Letters(), 1_250, lambda line: None)
    assert len(index.ids(collection)) == 1_250
    Bare(Letters(), index, collection)(next(questions(Random(2))))
    assert len(index.nearest(collection, Letters().embed(["a"])[0], LIMIT)) == LIMIT


def test_a_memory_without_enough_answers_is_not_measured() -> None:
    index = MemoryAnswers()
    collection = fill(index, Letters(), 3, lambda line: None)
    with pytest.raises(ValueError, match=f"3 answers were found, not {LIMIT}"):
        Bare(Letters(), index, collection)("what?")


def test_each_question_is_asked_when_it_is_due() -> None:
    asked: list[str] = []
    took = paced(asked.append, iter("abcdef"), 3 / RATE)
    assert asked == ["a", "b", "c"]
    assert len(took) == 3
    assert min(took) >= 0


def figures(with_memory: float, missed: int = 0) -> Figures:
    return Figures([with_memory] * 10, [0.010] * 10, [0.020] * 10, missed)


def test_what_is_added_is_compared_with_an_embedding_and_a_query_alone() -> None:
    assert figures(0.035).ratio(0.5) == pytest.approx(1.25)
    assert kept(figures(0.035))
    assert not kept(figures(0.045))


def test_calls_that_went_without_answers_miss_the_goal() -> None:
    assert not kept(figures(0.035, missed=1))
    text = generated(figures(0.035, missed=1), 1_000)
    assert "1 calls went on without answers" in text
    assert "| added | 25.0 ms | 25.0 ms |" in text
    assert "| added / alone, at most 1.5 | 1.25 | 1.25 |" in text
