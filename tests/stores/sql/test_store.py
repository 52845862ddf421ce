"""Runs in PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from stores.runs import IndexedRuns, RunFilter, RunStore, StoreBusy, StoreError, open_store
from stores.sql.store import ADDING
from tests.stores.contract import Rows, RunStoreContract
from tests.support.runs import a_conversation, a_run


class TestPostgresql(RunStoreContract):
    @pytest.fixture
    def store(self, postgresql_url: str) -> Iterator[RunStore]:
        store = open_store(postgresql_url)
        yield store
        store.close()

    @pytest.fixture
    def rows(self, postgresql_url: str) -> Rows:
        def query(statement: str) -> list[tuple[object, ...]]:
            with psycopg.connect(postgresql_url) as connection:
                return connection.execute(statement.encode()).fetchall()

        return query


def test_two_writers_of_the_same_runs_store_each_once(postgresql_url: str) -> None:
    turns = list(a_conversation(30))
    together = Barrier(4, timeout=30)

    def write(order: int) -> int:
        store = open_store(postgresql_url)
        try:
            together.wait()
            return sum(store.put(turns[start : start + 3], {}) for start in range(0, 30, 3)[::order])
        finally:
            store.close()

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, (1, -1, 1, -1)))
    assert sum(written) == 30
    store = open_store(postgresql_url)
    assert [store.get(run.id) for run in turns] == turns
    store.delete(RunFilter(session="one-session"))
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    store.close()


def test_a_run_that_is_committed_late_is_not_passed_over(postgresql_url: str) -> None:
    store = open_store(postgresql_url)
    written: list[int] = []

    def write(number: int) -> None:
        other = open_store(postgresql_url)
        written.append(other.put([a_run(number)], {}))
        other.close()

    with psycopg.connect(postgresql_url) as slow, ThreadPoolExecutor(1) as pool:
        # What another process does while it puts its runs: its place is drawn, and nobody sees it yet.
        slow.execute("SELECT pg_advisory_xact_lock(%s)", (ADDING,))
        slow.execute("SELECT nextval(pg_get_serial_sequence('runs', 'seq'))")
        second = pool.submit(write, 2)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while slow.execute(waiting).fetchone() == (0,):
            assert not second.done()
        seen = store.after(0, 10)
        assert seen == IndexedRuns([], 0)
        slow.commit()
        second.result(30)
    assert [indexed.run.id for indexed in store.after(seen.upto, 10).runs] == [a_run(2).id]
    store.close()


def test_processes_that_open_an_empty_database_together_all_succeed(postgresql_url: str) -> None:
    together = Barrier(4, timeout=30)

    def work(number: int) -> int:
        together.wait()
        store = open_store(postgresql_url)
        try:
            return store.put([a_run(number)], {})
        finally:
            store.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [1, 1, 1, 1]


def test_a_server_that_cannot_be_reached_is_busy_and_its_password_stays_secret() -> None:
    with pytest.raises(StoreBusy, match="cannot be reached") as error:
        open_store("postgresql://burnish:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_is_backed_up_with_its_own_tool(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = open_store(postgresql_url)
    with pytest.raises(StoreError, match="pg_dump"):
        store.backup(tmp_path_factory.mktemp("backup") / "copy.db")
    store.close()
