"""Runs move from the journal into the store exactly once, whatever happens on the way."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from records import Run
from records.line import LineWriter
from stores.indexer import Indexer
from stores.journal import Journal
from stores.lease import Lease
from stores.runs import RunFilter, RunStore, StoreBusy, StoreError, open_store
from stores.segments import journal_in, segment_names
from stores.sql.sqlite import SqliteStore
from stores.tail import Tail
from tests.support.runs import a_run

line_of = LineWriter({"service.name": "burnish"})
ALL = RunFilter(tenant="default")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    own = Journal(journal_in(tmp_path), worker="0")
    yield own
    own.close()


@pytest.fixture
def tail(tmp_path: Path) -> Iterator[Tail]:
    tail = Tail(journal_in(tmp_path))
    yield tail
    tail.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = open_store(f"sqlite:///{tmp_path}/burnish.db")
    yield store
    store.close()


def work_off(indexer: Indexer, tail: Tail) -> None:
    tail.refresh()
    while indexer.step():
        tail.refresh()


def test_what_is_in_the_journal_comes_into_the_store(journal: Journal, tail: Tail, store: RunStore) -> None:
    runs = [a_run(number) for number in range(100)]
    indexer = Indexer(store, tail)
    for run in runs[:50]:
        journal.write(line_of(run))
    work_off(indexer, tail)
    for run in runs[50:]:
        journal.write(line_of(run))
    work_off(indexer, tail)
    assert store.count(ALL) == indexer.status.indexed == 100
    assert store.get(runs[99].id) == runs[99]


def test_a_run_written_twice_is_stored_once(journal: Journal, tail: Tail, store: RunStore) -> None:
    for _ in range(2):
        journal.write(line_of(a_run(1)))
    work_off(Indexer(store, tail), tail)
    assert store.count(ALL) == 1


def test_a_new_indexer_goes_on_where_the_last_one_stopped(journal: Journal, tail: Tail, store: RunStore) -> None:
    journal.write(line_of(a_run(1)))
    work_off(Indexer(store, tail), tail)
    journal.write(line_of(a_run(2)))
    second = Indexer(store, tail)
    work_off(second, tail)
    assert (second.status.indexed, store.count(ALL)) == (1, 2)


def test_the_store_can_be_made_again_from_the_journal(
    journal: Journal, tail: Tail, store: RunStore, tmp_path: Path
) -> None:
    journal.write(line_of(a_run(1)))
    work_off(Indexer(store, tail), tail)
    fresh = open_store(f"sqlite:///{tmp_path}/again.db")
    work_off(Indexer(fresh, tail), tail)
    assert fresh.get(a_run(1).id) == a_run(1)
    fresh.close()


def test_damage_is_counted_and_told_once(
    journal: Journal, tail: Tail, store: RunStore, caplog: pytest.LogCaptureFixture
) -> None:
    journal.write(b"not a run\n")
    journal.write(line_of(a_run(1)))
    journal.write(line_of(a_run(2))[:50])
    journal.close()
    indexer = Indexer(store, tail)
    work_off(indexer, tail)
    work_off(indexer, tail)
    assert (indexer.status.indexed, indexer.status.damaged) == (1, 2)
    (told,) = caplog.messages
    assert "byte 0: passed over" in told
    assert "1 more places near it" in told
    again = Indexer(store, tail)
    work_off(again, tail)
    assert again.status.damaged == 0


def test_a_locked_database_is_waited_for_and_said_once(
    journal: Journal, tail: Tail, store: RunStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    impatient = SqliteStore(tmp_path / "burnish.db", patience=0.01)
    indexer = Indexer(impatient, tail, clock=lambda: now[0])
    other = sqlite3.connect(tmp_path / "burnish.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(5):
        journal.write(line_of(a_run(number)))
        work_off(indexer, tail)
        now[0] += 60
    assert "locked by another process" in str(indexer.status.waiting_for)
    assert len(caplog.messages) == 1
    other.execute("ROLLBACK")
    other.close()
    work_off(indexer, tail)
    assert (store.count(ALL), indexer.status.waiting_for) == (5, None)
    assert caplog.messages[1:] == ["the store takes runs again"]
    impatient.close()


class Moody:
    """A store that may be busy, refuses some runs, and otherwise does what the one behind it does."""

    def __init__(self, behind: RunStore, refuses: Callable[[Run], bool] = lambda run: False) -> None:
        self.busy = False
        self.asked = 0
        self._behind = behind
        self._refuses = refuses

    def put(self, runs: Sequence[Run], cursors: Mapping[str, int]) -> int:
        self.asked += 1
        if self.busy:
            raise StoreBusy("the store is away")
        if any(map(self._refuses, runs)):
            raise StoreError("a run cannot be stored")
        return self._behind.put(runs, cursors)

    def __getattr__(self, name: str) -> object:
        return getattr(self._behind, name)


def test_a_store_that_is_away_is_asked_less_and_less_often(journal: Journal, tail: Tail, store: RunStore) -> None:
    now = [0.0]
    away = Moody(store)
    away.busy = True
    indexer = Indexer(away, tail, clock=lambda: now[0])  # type: ignore[arg-type]  # what it lacks, it hands on
    journal.write(line_of(a_run(1)))
    for _ in range(600):
        work_off(indexer, tail)
        now[0] += 0.1
    assert 10 <= away.asked <= 15
    away.busy = False
    now[0] += 10
    work_off(indexer, tail)
    assert store.count(ALL) == 1


def test_a_run_that_the_store_refuses_does_not_hold_up_the_others(
    journal: Journal, tail: Tail, store: RunStore, caplog: pytest.LogCaptureFixture
) -> None:
    bad = a_run(3)
    for number in range(6):
        journal.write(line_of(a_run(number)))
    picky = Moody(store, lambda run: run.id == bad.id)
    indexer = Indexer(picky, tail)  # type: ignore[arg-type]  # what it lacks, it hands on
    work_off(indexer, tail)
    assert (indexer.status.indexed, indexer.status.refused) == (5, 1)
    assert bad.id in caplog.text
    work_off(indexer, tail)
    assert indexer.status.refused == 1


def test_a_store_that_refuses_everything_is_itself_in_trouble_and_nothing_is_given_up(
    journal: Journal, tail: Tail, store: RunStore
) -> None:
    now = [0.0]
    refusing = [True]
    broken = Moody(store, lambda run: refusing[0])
    indexer = Indexer(broken, tail, clock=lambda: now[0])  # type: ignore[arg-type]  # what it lacks, it hands on
    journal.write(line_of(a_run(1)))
    work_off(indexer, tail)
    journal.write(line_of(a_run(2)))
    now[0] += 60
    work_off(indexer, tail)
    assert indexer.status.refused == 0
    assert indexer.status.waiting_for is not None
    refusing[0] = False
    now[0] += 60
    work_off(indexer, tail)
    assert store.count(ALL) == 2


def test_an_indexer_killed_again_and_again_stores_every_run_once(tmp_path: Path, journal: Journal) -> None:
    """Two at a time race for the lease; both are killed at some moment, and others go on."""
    url = f"sqlite:///{tmp_path}/burnish.db"
    open_store(url).close()
    written = 0
    for turn in range(6):
        for number in range(written, written + 200):
            journal.write(line_of(a_run(number)))
        written += 200
        racers = [_fork(lambda: _index_when_leased(tmp_path, url)) for _ in range(2)]
        time.sleep(0.02 * turn)
        for pid in racers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    last = _fork(lambda: _index_when_leased(tmp_path, url))
    store = open_store(url)
    deadline = time.monotonic() + 60
    while store.count(ALL) < written and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(last, signal.SIGKILL)
    os.waitpid(last, 0)
    assert store.count(ALL) == written
    ends = {name: (journal_in(tmp_path) / name).stat().st_size for name in segment_names(journal_in(tmp_path))}
    assert store.cursors() == ends
    store.close()


def _fork(main: Callable[[], None]) -> int:
    pid = os.fork()
    if not pid:
        try:
            main()
        finally:
            os._exit(1)
    return pid


def _index_when_leased(directory: Path, url: str) -> None:
    lease = Lease(directory / "lock")
    while not lease.take():
        time.sleep(0.001)
    tail = Tail(journal_in(directory), block_bytes=20_000)
    indexer = Indexer(open_store(url), tail)
    while True:
        tail.refresh()
        indexer.step()


def test_a_postgresql_that_is_away_for_a_while_is_waited_for(journal: Journal, tail: Tail, postgresql_url: str) -> None:
    now = [0.0]
    store = open_store(postgresql_url)
    indexer = Indexer(store, tail, clock=lambda: now[0])
    journal.write(line_of(a_run(1)))
    work_off(indexer, tail)
    with shut(postgresql_url):
        journal.write(line_of(a_run(2)))
        work_off(indexer, tail)
        assert "cannot be reached" in str(indexer.status.waiting_for)
        now[0] += 60
        work_off(indexer, tail)
    now[0] += 60
    work_off(indexer, tail)
    assert (store.count(ALL), indexer.status.indexed, indexer.status.waiting_for) == (2, 2, None)
    store.close()


@contextmanager
def shut(url: str) -> Iterator[None]:
    """The server ends all connections to the database and takes no new ones."""
    database = urlsplit(url).path.removeprefix("/")
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false".encode())
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
        try:
            yield
        finally:
            admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true".encode())
