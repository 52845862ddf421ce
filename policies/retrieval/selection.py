"""Which of the answers that were found a call is shown: near, diverse, within a budget, and some left out by chance.

What is left out by chance is what tells, later, whether showing the others helps; so chance comes last. What a call
could be shown is settled first, and no answer takes the place of one that was dropped.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar


class Candidate(Protocol):
    """`stores.answers.Found` is one. `vector` is of length 1."""

    @property
    def similarity(self) -> float: ...

    @property
    def vector(self) -> Any: ...


C = TypeVar("C", bound=Candidate)


class Draw(NamedTuple):
    """What chance left of the answers that a call could be shown, one of `shown` for each."""

    held_out: bool
    shown: tuple[bool, ...]


def select(
    found: Sequence[C],
    *,
    min_similarity: float,
    top_k: int,
    relevance: float,
    budget: int,
    tokens: Callable[[C], int],
    fit: Callable[[C], bool],
) -> list[C]:
    """At most `top_k` of those at least `min_similarity` near, whose `tokens` together are within `budget`, best first.

    Maximal marginal relevance (Carbonell & Goldstein 1998): the next is the one whose similarity to the question,
    times `relevance`, less its similarity to the nearest chosen one, times 1 - `relevance`, is the largest. One that
    is not `fit`, or too long, is passed over; neither is asked of more answers than it must be.
    """
    left = [each for each in found if each.similarity >= min_similarity]
    # How near each of those left is to the nearest that was chosen.
    nearest = [0.0] * len(left)
    chosen: list[C] = []
    while left and len(chosen) < top_k:
        worth = [relevance * each.similarity - (1 - relevance) * near for each, near in zip(left, nearest, strict=True)]
        best = worth.index(max(worth))
        one = left.pop(best)
        nearest.pop(best)
        if not fit(one) or (cost := tokens(one)) > budget:
            continue
        budget -= cost
        chosen.append(one)
        if relevance < 1:
            alike = [float(each.vector @ one.vector) for each in left]
            nearest = alike if len(chosen) == 1 else [max(pair) for pair in zip(nearest, alike, strict=True)]
    return chosen


def draw(ids: Sequence[str], *, holdout: float, drop: float, uniform: Callable[[str], float]) -> Draw:
    """Holds the call out as a whole with probability `holdout`, else drops each answer on its own with `drop`.

    `uniform` gives a number in [0, 1) for a name, independent of those it gives for other names.
    """
    if uniform("holdout") < holdout:
        return Draw(True, (False,) * len(ids))
    return Draw(False, tuple(uniform(f"drop\0{each}") >= drop for each in ids))


def about_tokens(text: str) -> int:
    """How many tokens a text has, about: a quarter of its bytes, rounded up.

    So it is for English and code with common tokenizers; other scripts, with more bytes a character, are put too high
    rather than too low.
    """
    return -(-len(text.encode(errors="replace")) // 4)
