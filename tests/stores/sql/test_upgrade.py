"""The schema's upgrades, on both databases."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, make_url

from stores.ledger import open_ledger
from stores.runs import StoreError, open_store
from stores.sql import sqlite
from stores.sql.engine import postgresql_engine, sqlite_engine
from stores.sql.guard_rows import CaseRow, IncidentRow, PolicyRow
from stores.sql.insight_rows import InsightRow
from stores.sql.ledger_rows import DecisionRow, ScoreRow, VariantRow
from stores.sql.opening import upgrade_at
from stores.sql.row import Batch, MessageRow, RunRow
from stores.sql.tables import (
    cases,
    decisions,
    guard_policies,
    incidents,
    insights,
    messages,
    metadata,
    runs,
    scores,
    variants,
)
from stores.sql.upgrade import MIGRATIONS, head
from tests.support.runs import a_run
from tests.support.scores import a_score


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'burnish.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def engine(url: str, tmp_path: Path) -> Iterator[Engine]:
    if url.startswith("sqlite"):
        engine = sqlite_engine(tmp_path / "burnish.db")
    else:
        engine = postgresql_engine(make_url(url).set(drivername="postgresql+psycopg"))
    yield engine
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_uses(url: str, engine: Engine) -> None:
    open_store(url).close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_row_has_the_columns_of_its_table() -> None:
    assert tuple(runs.c.keys()) == ("seq", *RunRow._fields)
    assert tuple(messages.c.keys()) == MessageRow._fields
    assert tuple(guard_policies.c.keys()) == PolicyRow._fields
    for table, row in (
        (variants, VariantRow),
        (scores, ScoreRow),
        (decisions, DecisionRow),
        (insights, InsightRow),
        (incidents, IncidentRow),
        (cases, CaseRow),
    ):
        assert tuple(table.c.keys()) == ("seq", *row._fields)


def test_the_newest_file_is_the_newest_revision() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_heads() == [head()]
    for step in script.walk_revisions():
        assert Path(step.path).name.startswith(f"{step.revision}_")


def test_an_upgrade_says_from_what_to_what(url: str) -> None:
    first, second = upgrade_at(url), upgrade_at(url)
    assert (first.before, first.after) == (None, head())
    assert (second.before, second.after) == (head(), head())


def test_runs_of_an_older_database_are_kept_and_scores_may_be_given_to_them(url: str, engine: Engine) -> None:
    if url.startswith("sqlite"):
        sqlite.create(Path(url.removeprefix("sqlite:///")))
    (row,) = Batch([a_run(1)]).rows
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "0001")
        known = {column["name"] for column in inspect(connection).get_columns("runs")}
        connection.execute(insert(runs).values({name: value for name, value in row._asdict().items() if name in known}))
    ledger = open_ledger(url)
    assert ledger.put_score(a_score(1)).new
    ledger.close()
    store = open_store(url)
    assert store.get(a_run(1).id) == a_run(1)
    store.close()


def test_a_database_that_a_newer_version_wrote_is_refused_in_one_line_and_left_alone(url: str, engine: Engine) -> None:
    store = open_store(url)
    store.put([a_run()], {})
    store.close()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"newer Burnish \(schema 9999") as error:
        open_store(url)
    assert "\n" not in str(error.value)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM runs").scalar_one() == 1


def test_an_upgrade_that_fails_leaves_nothing_behind(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        # The last table that the upgrade makes.
        connection.exec_driver_sql("CREATE TABLE guard_live (taken INTEGER)")
    with pytest.raises(StoreError, match="guard_live"):
        open_store(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE guard_live")
    store = open_store(url)
    assert store.put([a_run()], {}) == 1
    store.close()


def test_processes_that_open_an_empty_file_together_all_succeed(tmp_path: Path) -> None:
    program = """
import sys
from stores.runs import open_store
from tests.support.runs import a_run
from tests.support.scores import a_score
print(open_store(sys.argv[1]).put([a_run(int(sys.argv[2]))], {}))
"""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'burnish.db'}", str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    assert [process.communicate() for process in started] == [("1\n", "")] * 4


def test_what_goes_wrong_in_the_process_of_its_own_is_told_in_one_line(tmp_path: Path) -> None:
    program = """
import sys
from stores.ledger import open_ledger
from stores.runs import StoreError, open_store
try:
    open_store(sys.argv[1])
except StoreError as error:
    print(error, "sqlalchemy" in sys.modules)
"""
    file = tmp_path / "burnish.db"
    open_store(f"sqlite:///{file}").close()
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    done = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{file}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"database {file} was written by a newer Burnish")
    assert done.stdout.endswith("restore a backup False\n")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("mysql://host/db", "no store speaks 'mysql'"),
        ("nonsense", "no store speaks 'nonsense'"),
        ("postgresql://host:port/db", "cannot be read"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        open_store(url)


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "a b%20c?d#e"
    store = open_store(f"sqlite:///{folder / 'burnish.db'}")
    store.put([a_run()], {})
    assert store.get(a_run().id) == a_run()
    store.close()
    assert (folder / "burnish.db").exists()


def test_the_file_is_in_wal_mode_so_that_readers_and_the_writer_do_not_wait_for_each_other(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'burnish.db'}").close()
    connection = sqlite.connect(tmp_path / "burnish.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
