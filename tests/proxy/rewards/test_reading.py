"""Runs and scores read in pages, in one order."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from proxy.rewards.reading import together
from stores.ledger import Sequenced
from stores.runs import IndexedRun
from tests.support.runs import a_run
from tests.support.scores import a_score


def runs(*times: int) -> list[IndexedRun]:
    return [IndexedRun(seq, a_run(ended_ns=time), "") for seq, time in enumerate(times, 1)]


def scores(*times: int) -> list[Sequenced]:
    return [Sequenced(seq, a_score(created_ns=time)) for seq, time in enumerate(times, 1)]


def order(found: Sequence[object]) -> list[str]:
    return [f"run {each.seq}" if isinstance(each, IndexedRun) else f"score {each.seq}" for each in found]  # type: ignore[attr-defined]


def test_they_come_in_the_order_of_time() -> None:
    found = together(runs(1, 5, 9), scores(2, 6), 10)
    assert order(found.events) == ["run 1", "score 1", "run 2", "score 2", "run 3"]
    assert found.upto_ns is None


def test_what_lies_beyond_a_full_page_of_the_other_waits() -> None:
    found = together(runs(1, 2, 3), scores(2, 50), 3)
    assert order(found.events) == ["run 1", "run 2", "score 1", "run 3"]
    assert found.upto_ns == 3


def test_of_two_full_pages_the_one_that_ends_sooner_is_read_whole() -> None:
    found = together(runs(1, 2, 30), scores(4, 5, 6), 3)
    assert order(found.events) == ["run 1", "run 2", "score 1", "score 2", "score 3"]
    assert found.upto_ns == 6


def test_one_that_came_late_comes_in_its_streams_own_order() -> None:
    found = together(runs(7, 3, 8), scores(5), 10)
    assert order(found.events) == ["score 1", "run 1", "run 2", "run 3"]


_TIMES = st.lists(st.integers(0, 50), max_size=30)


@given(ends=_TIMES, given_at=_TIMES, at_once=st.integers(1, 8))
def test_page_by_page_all_are_read_once_and_in_order(ends: list[int], given_at: list[int], at_once: int) -> None:
    all_runs, all_scores = runs(*ends), scores(*given_at)
    read_runs: list[IndexedRun] = []
    read_scores: list[Sequenced] = []
    for _ in range(len(ends) + len(given_at) + 1):
        page = all_runs[len(read_runs) :][:at_once], all_scores[len(read_scores) :][:at_once]
        found = together(*page, at_once)
        read_runs += [event for event in found.events if isinstance(event, IndexedRun)]
        read_scores += [event for event in found.events if isinstance(event, Sequenced)]
        if found.upto_ns is None:
            break
    assert (read_runs, read_scores) == (all_runs, all_scores)
