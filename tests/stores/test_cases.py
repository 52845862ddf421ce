"""Test inputs are kept by what they say, and go with the runs that they came of; over SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.case import Checker
from stores.cases import CaseStore, open_cases
from stores.runs import RunFilter, RunStore, StoreError, open_store
from tests.support.incidents import a_case
from tests.support.runs import a_run

AGENT = "support"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'burnish.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def runs(url: str) -> Iterator[RunStore]:
    store = open_store(url)
    store.put([a_run(number) for number in range(1, 4)], {})
    yield store
    store.close()


@pytest.fixture
def store(url: str, runs: RunStore) -> Iterator[CaseStore]:
    store = open_cases(url)
    yield store
    store.close()


def test_a_case_comes_back_as_it_was_put_and_once(store: CaseStore) -> None:
    odd = a_case(2, input="\0", expected="\N{SNOWMAN}", checker=None, parent="p", stratum="a\0b")
    assert store.put([a_case(1), odd]) == 2
    assert store.put([a_case(1, stratum="other")]) == 0
    assert store.cases(AGENT) == [a_case(1), odd]


def test_the_same_test_has_the_same_id_and_another_has_another() -> None:
    assert a_case(1, stratum="other", created_ns=7, split="train").id == a_case(1).id
    for other in ({"agent": "sales"}, {"input": "{}"}, {"expected": "yes"}, {"checker": Checker("regex")}):
        assert a_case(1, **other).id != a_case(1).id


def test_they_are_found_by_provenance_and_split(store: CaseStore) -> None:
    real = a_case(2, provenance="real", split="train")
    store.put([a_case(1), real, a_case(3, agent="sales")])
    assert store.cases(AGENT) == [a_case(1), real]
    assert store.cases(AGENT, limit=1) == [a_case(1)]
    assert store.cases(AGENT, provenance="real") == store.cases(AGENT, split="train") == [real]
    assert store.cases(AGENT, provenance="real", split="gate") == []


def test_one_is_found_by_its_id_or_the_beginning_of_it(store: CaseStore) -> None:
    store.put([a_case(1, id="aa00"), a_case(2, id="aa01")])
    assert store.case("aa00") == a_case(1, id="aa00")
    with pytest.raises(StoreError, match="begins the ids of several cases"):
        store.case("a")
    assert store.case("") is store.case("b") is None


def test_one_goes_with_any_run_that_it_came_of_and_is_not_put_without_it(store: CaseStore, runs: RunStore) -> None:
    both = a_case(1, runs=(a_run(1).id, a_run(2).id))
    assert store.put([both, a_case(3)]) == 2
    runs.delete(RunFilter(ids=[a_run(2).id]))
    assert store.cases(AGENT) == [a_case(3)]
    assert store.put([both]) == 0
    assert store.put([a_case(1, runs=())]) == 1


def test_deleting_says_how_many_there_were(store: CaseStore) -> None:
    store.put([a_case(1), a_case(2)])
    assert store.delete([a_case(1).id, "none"]) == 1
    assert store.cases(AGENT) == [a_case(2)]
