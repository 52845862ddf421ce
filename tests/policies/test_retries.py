"""How many retries a budget allows, and how long each waits."""

from random import Random

import pytest

from policies.retries import LONGEST_WAIT, RetryBudget, backoff


def test_in_an_outage_retries_are_a_share_of_the_calls() -> None:
    budget = RetryBudget(0.2)
    spent = 0
    for _ in range(10_000):
        budget.earn()
        spent += budget.spend()
    assert 2_000 <= spent <= 2_010


def test_the_first_failures_of_an_upstream_may_be_retried() -> None:
    budget = RetryBudget(0.2)
    assert all(budget.spend() for _ in range(10))
    assert not budget.spend()


def test_retries_not_used_are_saved_up_only_so_far() -> None:
    budget = RetryBudget(0.5)
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 10


def test_a_share_of_nothing_allows_no_retry() -> None:
    budget = RetryBudget(0.0)
    budget.earn()
    assert not budget.spend()


def test_five_calls_at_a_fifth_earn_one_retry() -> None:
    budget = RetryBudget(0.2)
    while budget.spend():
        pass
    for _ in range(4):
        budget.earn()
        assert not budget.spend()
    budget.earn()
    assert budget.spend()


@pytest.mark.parametrize(("retry", "most"), [(0, 0.25), (1, 0.5), (2, 1.0), (10, LONGEST_WAIT)])
def test_waits_double_up_to_a_limit_and_are_jittered(retry: int, most: float) -> None:
    waits = [backoff(retry, Random(seed)) for seed in range(200)]
    assert all(most / 2 <= wait <= most for wait in waits)
    assert len(set(waits)) > 100


def test_a_wait_is_never_shorter_than_the_upstream_asked_for() -> None:
    assert backoff(0, Random(1), asked=3.0) == 3.0
    assert backoff(4, Random(1), asked=0.001) >= 2.0
