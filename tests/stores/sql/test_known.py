"""Whose a run is, as SQLite and PostgreSQL tell it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from stores.known import KnownRun, KnownRuns, TracedRun, open_known_runs
from stores.runs import RunStore, open_store
from tests.support.runs import a_run


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'burnish.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def known(url: str) -> Iterator[KnownRuns]:
    known = open_known_runs(url)
    yield known
    known.close()


@pytest.fixture
def store(url: str) -> Iterator[RunStore]:
    store = open_store(url)
    yield store
    store.close()


def test_a_run_is_known_by_its_id_once_it_is_stored(known: KnownRuns, store: RunStore) -> None:
    run = msgspec.structs.replace(a_run(1), user="ada")
    assert known.get(run.agent, run.id) is None
    store.put([run], {})
    assert known.get(run.agent, run.id) == KnownRun(run.id, run.tenant, run.agent, "ada")
    assert known.get("another", run.id) is None


def test_an_agents_run_is_known_by_the_id_of_its_answer(known: KnownRuns, store: RunStore) -> None:
    mine = msgspec.structs.replace(a_run(1), agent="support", response_id="chatcmpl-1")
    anothers = msgspec.structs.replace(a_run(2), agent="sales", response_id="chatcmpl-1")
    store.put([mine, anothers], {})
    assert [run.id for run in known.answered("support", "chatcmpl-1")] == [mine.id]
    assert known.answered("support", "chatcmpl-2") == []


def test_an_id_that_several_answers_have_is_told_as_such(known: KnownRuns, store: RunStore) -> None:
    store.put([msgspec.structs.replace(a_run(number), response_id="1") for number in range(5)], {})
    assert len(known.answered(a_run(1).agent, "1")) == 2


def test_the_traces_of_many_runs_are_known_at_once_whichever_agents_they_are(known: KnownRuns, store: RunStore) -> None:
    runs = [a_run(number, agent=f"agent {number}", response_id=f"chatcmpl-{number}") for number in range(3)]
    store.put(runs, {})
    asked = [runs[0].id, runs[2].id, a_run(3).id]
    assert known.traced(asked) == {run.id: TracedRun(run.id, run.trace_id, run.response_id) for run in runs[::2]}
    assert known.traced([]) == {}


def test_an_id_of_any_length_can_be_stored_though_not_be_found_by(known: KnownRuns, store: RunStore) -> None:
    long = "x" * 100_000
    assert store.put([msgspec.structs.replace(a_run(1), response_id=long)], {}) == 1
    assert known.answered(a_run(1).agent, long) == []


def test_how_far_the_journal_was_read_is_known(known: KnownRuns, store: RunStore) -> None:
    store.put([], {"a": 7})
    assert known.cursors() == {"a": 7}


def test_asking_a_file_needs_no_sqlalchemy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    open_store(url).close()
    program = f"""
import sys
from stores.known import open_known_runs
known = open_known_runs({url!r})
known.get("a", "x"), known.answered("a", "x"), known.traced(["x"]), known.cursors()
print("sqlalchemy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
