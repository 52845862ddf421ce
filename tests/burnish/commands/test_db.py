"""`burnish db upgrade` and `burnish db backup FILE`."""

import sqlite3
from pathlib import Path

import pytest

from stores.runs import open_store
from stores.sql.upgrade import head
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import a_run


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_an_upgrade_makes_the_database_and_says_so(recorded: Recorded) -> None:
    assert recorded.run("db", "upgrade").stdout == f"{recorded.database} upgraded from nothing to schema {head()}\n"
    assert recorded.run("db", "upgrade").stdout == f"{recorded.database} is up to date (schema {head()})\n"
    found = recorded.json("db", "upgrade")
    assert found == {"database": str(recorded.database), "before": head(), "after": head()}


def test_a_newer_database_is_one_clear_error(recorded: Recorded) -> None:
    recorded.put()
    connection = sqlite3.connect(recorded.database)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in (["db", "upgrade"], ["runs"], ["show", "ab"], ["db", "backup", "copy.db"]):
        assert "written by a newer Burnish (schema 9999" in refusal(recorded.run(*command))


def test_a_backup_is_a_database_of_its_own(recorded: Recorded) -> None:
    recorded.put(a_run(1), a_run(2))
    copy = recorded.folder / "copy.db"
    written = recorded.json("db", "backup", str(copy))
    assert written == {"file": str(copy), "bytes": copy.stat().st_size}
    store = open_store(f"sqlite:///{copy}")
    assert store.get(a_run(1).id) == a_run(1)
    store.close()


def test_a_backup_never_overwrites(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    copy = recorded.folder / "copy.db"
    copy.write_text("precious")
    assert "exists already" in refusal(recorded.run("db", "backup", str(copy)))
    assert copy.read_text() == "precious"


def test_there_is_nothing_to_back_up_before_the_first_call(recorded: Recorded) -> None:
    assert "does not exist" in refusal(recorded.run("db", "backup", str(recorded.folder / "copy.db")))
    assert not recorded.database.exists()
