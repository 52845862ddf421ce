"""What a call is shown: near, diverse, within its budget; and what chance leaves out is as likely as is said."""

from collections.abc import Callable, Sequence
from math import sqrt
from random import Random
from typing import Any

import numpy as np
import pytest

from policies.assignment import uniform
from policies.retrieval.selection import about_tokens, draw, select
from stores.answers import Answer, Found


def found(id: str, similarity: float, direction: Sequence[float] = (1.0, 0.0), text: str = "") -> Found:
    answer = Answer(id=id, question="q", text=text, origin="run", trust="human", low=0.9)
    return Found(answer, similarity, np.array(direction, dtype=np.float32))


def chosen(answers: Sequence[Found], **rules: Any) -> str:
    """The ids of those that are chosen, in order."""
    defaults = {"min_similarity": 0.5, "top_k": 3, "relevance": 1.0, "budget": 1_000_000, "fit": lambda each: True}
    picked = select(answers, **{**defaults, **rules}, tokens=lambda each: len(each.answer.text))
    return "".join(each.answer.id for each in picked)


def test_the_most_similar_are_chosen_best_first() -> None:
    answers = [found("a", 0.6), found("b", 0.9), found("c", 0.7), found("d", 0.8)]
    assert chosen(answers) == "bdc"
    assert chosen(answers, top_k=1) == "b"
    assert chosen(answers, top_k=9) == "bdca"
    assert chosen([]) == ""


def test_nothing_below_the_floor_is_chosen_however_little_there_is() -> None:
    assert chosen([found("a", 0.5), found("b", 0.49)]) == "a"
    assert chosen([found("a", 0.49)]) == ""


TWINS = [found("a", 0.90, (1.0, 0.0)), found("b", 0.89, (1.0, 0.0)), found("c", 0.80, (0.0, 1.0))]


def test_of_two_that_say_the_same_the_second_gives_way_to_another() -> None:
    assert chosen(TWINS, top_k=2, relevance=1.0) == "ab"
    assert chosen(TWINS, top_k=2, relevance=0.7) == "ac"
    assert chosen(TWINS, top_k=3, relevance=0.7) == "acb"


def test_the_first_is_the_most_similar_whatever_diversity_is_worth() -> None:
    assert chosen(TWINS, top_k=1, relevance=0.0) == "a"


def _relevance_by_hand(answers: Sequence[Found], top_k: int, weight: float) -> str:
    """Maximal marginal relevance as its paper writes it: a maximum over those left of one over those chosen."""
    left = list(answers)
    taken: list[Found] = []
    while left and len(taken) < top_k:

        def worth(each: Found, taken: Sequence[Found] = tuple(taken)) -> float:
            near = max((float(each.vector @ other.vector) for other in taken), default=0.0)
            return weight * each.similarity - (1 - weight) * near

        taken.append(max(left, key=worth))
        left.remove(taken[-1])
    return "".join(each.answer.id for each in taken)


@pytest.mark.parametrize("seed", range(20))
def test_diversity_is_maximal_marginal_relevance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    question, *others = rng.normal(size=(13, 5))
    unit = [vector / np.linalg.norm(vector) for vector in others]
    near = [float(vector @ question / np.linalg.norm(question)) for vector in unit]
    answers = [found(chr(97 + at), near[at], tuple(unit[at])) for at in range(12)]
    weight = float(rng.uniform(0.2, 1.0))
    assert chosen(answers, top_k=5, relevance=weight, min_similarity=-1) == _relevance_by_hand(answers, 5, weight)


def test_what_does_not_fit_the_budget_is_passed_over_for_what_does() -> None:
    answers = [found("a", 0.9, text="x" * 6), found("b", 0.8, text="x" * 5), found("c", 0.7, text="x" * 4)]
    assert chosen(answers, budget=15) == "abc"
    assert chosen(answers, budget=10) == "ac"
    assert chosen(answers, budget=5) == "b"
    assert chosen(answers, budget=3) == ""


def test_what_is_not_fit_gives_its_place_to_the_next() -> None:
    asked: list[str] = []

    def fit(each: Found) -> bool:
        asked.append(each.answer.id)
        return each.answer.id != "a"

    answers = [found("a", 0.9), found("b", 0.8), found("c", 0.7), found("d", 0.6), found("e", 0.4)]
    assert chosen(answers, top_k=2, fit=fit) == "bc"
    assert asked == ["a", "b", "c"]


def of_unit(unit: str) -> Callable[[str], float]:
    """The keyed hash that the chain draws by."""
    return lambda name: uniform(b"secret", "agent", f"{unit}\0{name}")


def test_nothing_is_left_out_where_chance_has_no_share() -> None:
    generator = Random(1)
    left = draw("abc", holdout=0.0, drop=0.0, uniform=lambda name: generator.random())
    assert left == (False, (True, True, True))


def test_a_call_held_out_is_shown_nothing() -> None:
    assert draw("abc", holdout=1.0, drop=0.0, uniform=lambda name: 0.999) == (True, (False, False, False))


def test_what_is_left_out_is_as_likely_as_it_is_said_to_be_and_independent() -> None:
    """Over sessions, each probability and each product of two."""
    calls, holdout, drop = 20_000, 0.1, 0.15
    draws = [draw("ab", holdout=holdout, drop=drop, uniform=of_unit(f"session {call}")) for call in range(calls)]
    kept = [each.shown for each in draws if not each.held_out]

    def close(count: int, total: int, p: float) -> bool:
        return abs(count / total - p) < 4 * sqrt(p * (1 - p) / total)

    assert close(sum(each.held_out for each in draws), calls, holdout)
    for place in (0, 1):
        assert close(sum(not shown[place] for shown in kept), len(kept), drop)
    assert close(sum(shown == (False, False) for shown in kept), len(kept), drop**2)


def test_a_session_is_drawn_alike_each_time() -> None:
    draws = {draw("abcdef", holdout=0.3, drop=0.5, uniform=of_unit("session 7")) for _ in range(3)}
    assert len(draws) == 1


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本語", 3)])
def test_tokens_are_taken_to_be_four_bytes(text: str, tokens: int) -> None:
    assert about_tokens(text) == tokens
