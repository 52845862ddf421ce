"""Runs in one SQLite file."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.runs import RunFilter, RunStore, StoreBusy, StoreError, open_store
from stores.sql.sqlite import SqliteStore, explained
from tests.stores.contract import Rows, RunStoreContract
from tests.support.runs import a_conversation, a_run, asking


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "burnish.db"


@pytest.fixture
def store(file: Path) -> Iterator[RunStore]:
    store = open_store(f"sqlite:///{file}")
    yield store
    store.close()


class TestSqlite(RunStoreContract):
    @pytest.fixture
    def rows(self, file: Path) -> Rows:
        def query(statement: str) -> list[tuple[object, ...]]:
            connection = sqlite3.connect(file)
            try:
                return connection.execute(statement).fetchall()
            finally:
                connection.close()

        return query


def test_adding_runs_needs_no_sqlalchemy(file: Path) -> None:
    program = """
import sys
from stores.runs import open_store
from tests.support.runs import a_conversation
store = open_store(sys.argv[1])
print(store.put(list(a_conversation(3)), {"segment": 1}), store.cursors(), "sqlalchemy" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{file}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "3 {'segment': 1} False\n"


def test_the_database_is_for_its_owners_eyes_only(file: Path, store: RunStore) -> None:
    store.put([a_run()], {})
    assert {entry.name for entry in file.parent.iterdir()} >= {"burnish.db", "burnish.db-wal"}
    assert all(entry.stat().st_mode & 0o077 == 0 for entry in file.parent.iterdir())


def test_deleted_words_are_in_no_file_any_more(file: Path, store: RunStore) -> None:
    secret = "xyzzy-plugh"
    filler = [*a_conversation(20)]
    store.put(filler[:10], {})
    store.put([a_run(50, request=asking(secret * 200, secret, secret * 20)), a_run(51, request=asking(secret))], {})
    store.put(filler[10:], {})
    assert any(secret.encode() in entry.read_bytes() for entry in file.parent.iterdir())
    store.delete(RunFilter(ids=[a_run(50).id, a_run(51).id]))
    assert not any(secret.encode() in entry.read_bytes() for entry in file.parent.iterdir())


def test_a_locked_database_is_busy_and_nothing_is_lost(file: Path, store: RunStore) -> None:
    impatient = SqliteStore(file, patience=0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="locked by another process"):
        impatient.put([a_run()], {"segment": 1})
    with pytest.raises(StoreBusy, match="locked by another process"):
        impatient.delete(RunFilter(ids=["0" * 32]))
    other.execute("ROLLBACK")
    other.close()
    assert impatient.cursors() == {}
    assert impatient.put([a_run()], {"segment": 1}) == 1
    impatient.close()


def test_reading_goes_on_while_another_process_writes(file: Path, store: RunStore) -> None:
    store.put([a_run(1)], {})
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert store.get(a_run(1).id) == a_run(1)
    other.close()


def test_a_full_disk_is_busy_and_says_so(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "small.db")
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as full:
        connection.execute("CREATE TABLE wide AS SELECT zeroblob(100000)")
    connection.close()
    error = explained(full.value, "small.db")
    assert isinstance(error, StoreBusy)
    assert "disk is full" in str(error)


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are my notes. " * 500)
    with pytest.raises(StoreError, match="not an SQLite file") as error:
        open_store(f"sqlite:///{file}")
    assert "\n" not in str(error.value)
    assert file.read_text() == "These are my notes. " * 500


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be created"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'burnish.db'}")


def test_a_backup_holds_one_moment_while_runs_are_added(file: Path, store: RunStore, tmp_path: Path) -> None:
    turns = list(a_conversation(200, words=2000))
    store.put(turns[:100], {})
    other = open_store(f"sqlite:///{file}")
    added = iter(turns[100:])
    steps = []

    def progress(done: int, total: int) -> None:
        steps.append((done, total))
        other.put([next(added)], {})

    store.backup(tmp_path / "copy.db", progress)
    other.close()
    copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}")
    assert len(steps) > 3
    assert steps[-1][0] == steps[-1][1]
    assert copy.count(RunFilter()) == 100
    assert [copy.get(run.id) for run in turns[:100]] == turns[:100]
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    copy.close()


def test_a_backup_never_overwrites_a_file(store: RunStore, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        store.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_what_is_added_stays_when_the_file_was_opened_twice_and_another_process_closes_it(
    file: Path, store: RunStore
) -> None:
    store.put([a_run(50)], {})
    open_store(f"sqlite:///{file}").close()
    # The last to close a database takes its log away, and who comes second counts on the locks of the first.
    look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM runs'); c.close()"
    subprocess.run([sys.executable, "-c", look, str(file)], check=True)
    assert file.with_name("burnish.db-wal").exists()
    assert store.put(list(a_conversation(3)), {}) == 3
    assert list(rows_of(file)) == [(4,)]


def rows_of(file: Path) -> list[tuple[int]]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute("SELECT count(*) FROM runs").fetchall()
    finally:
        connection.close()
