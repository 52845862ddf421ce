"""The memory that is asked: answers to made-up questions, and vectors around those of questions that were embedded."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import numpy as np

from stores.answers import Answer, AnswerIndex, Collection
from stores.embedding import Embedder

AGENT: Final = "remembers"
TENANT: Final = "default"
_CENTRES: Final = 2_000
"""Questions that are embedded; the others' vectors lie around theirs."""
_SPREAD: Final = 0.6
_AT_ONCE: Final = 500
_WHO: Final = ("I", "my wife", "our company", "a friend", "my son", "the shop", "my landlord", "your branch")
_WHAT: Final = (
    "lost a card", "sent a transfer", "forgot the PIN", "changed an address", "asked for a refund", "was charged twice",
    "topped up by cheque", "opened an account", "closed an account", "ordered a new card", "saw a strange payment",
)  # fmt: skip
_WHEN: Final = ("yesterday", "last week", "this morning", "before the holidays", "while abroad", "on Sunday night")
_ASKED: Final = ("what happens now?", "how long will it take?", "is there a fee?", "can it be undone?", "why is that?")


def questions(random: Random) -> Iterator[str]:
    """Of some fifteen tokens, none of them twice."""
    number = 0
    while True:
        number += 1
        words = [random.choice(each) for each in (_WHO, _WHAT, _WHEN, _ASKED)]
        yield f"{words[0]} {words[1]} {words[2]} (case {number}): {words[3]}"


def fill(index: AnswerIndex, embedder: Embedder, items: int, say: Callable[[str], None]) -> Collection:
    collection = Collection(TENANT, AGENT, embedder.space, embedder.size)
    asked = questions(Random(1))
    centres = embedder.embed([next(asked) for _ in range(min(items, _CENTRES))])
    random = np.random.default_rng(1)
    for start in range(0, items, _AT_ONCE):
        some = range(start, min(items, start + _AT_ONCE))
        noise = random.normal(size=(len(some), embedder.size)).astype(np.float32)
        noise *= _SPREAD / np.linalg.norm(noise, axis=1, keepdims=True)
        vectors = centres[[place % len(centres) for place in some]] + noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        index.put(collection, [_answer(place, next(asked)) for place in some], list(vectors))
        if (start + _AT_ONCE) % 10_000 == 0:
            say(f"{start + _AT_ONCE:,} answers kept")
    return collection


def _answer(place: int, question: str) -> Answer:
    text = "It takes three working days; nothing else is to be done, and there is no fee."
    return Answer(id=f"{place:032x}", question=question, text=text, origin="correction", trust="human", low=0.9)
