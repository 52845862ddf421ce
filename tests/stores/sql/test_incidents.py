"""Incidents in SQLite and in PostgreSQL: the contract, and what happens when a confirmation breaks off anywhere."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from stores.cases import open_cases
from stores.guard_rules import open_guard_rules
from stores.incidents import open_incidents
from stores.ledger import open_ledger
from stores.runs import RunFilter, open_store
from stores.sql.engine import postgresql_engine
from stores.sql.incidents import SqlIncidents
from stores.sql.ledger_database import GUARDS, LEDGER, Database, Execute, PostgresqlDatabase, SqliteDatabase, Values
from tests.stores.incidents_contract import IncidentsContract, a_confirmation
from tests.support.incidents import an_incident
from tests.support.runs import a_run

AGENT = "support"


class TestSqlite(IncidentsContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'data' / 'burnish.db'}"


class TestPostgresql(IncidentsContract):
    @pytest.fixture
    def url(self, postgresql_url: str) -> str:
        return postgresql_url


class PowerLossError(Exception):
    """Breaks off a transaction."""


class Breaking:
    """A database that breaks at the statement of that number, counted from the start of a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.at: int | None = None

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        with self._database.writing() as execute:
            done = 0

            def counted(statement: str, values: Values | Sequence[Values]) -> list[Any]:
                nonlocal done
                if done == self.at:
                    raise PowerLossError(statement)
                done += 1
                return execute(statement, values)

            yield counted
            if done == self.at:
                raise PowerLossError("before it is committed")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


def database_at(url: str, tmp_path: Path) -> Database:
    if url.startswith("sqlite"):
        return SqliteDatabase(tmp_path / "burnish.db", 5.0)
    engine = postgresql_engine(make_url(url).set(drivername="postgresql+psycopg"))
    return PostgresqlDatabase(engine, "test", 5.0, GUARDS, LEDGER)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_confirmation_that_breaks_off_at_any_statement_leaves_nothing_behind(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'burnish.db'}" if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    runs = open_store(url)
    runs.put([a_run(1)], {})
    breaking = Breaking(database_at(url, tmp_path))
    store, rules, cases, ledger = SqlIncidents(breaking), open_guard_rules(url), open_cases(url), open_ledger(url)
    store.keep(AGENT, None, b"", [an_incident(1)])

    def all_there_is() -> tuple[object, ...]:
        return (
            store.incidents(),
            store.noted(AGENT),
            rules.policies(AGENT),
            rules.live(AGENT),
            cases.cases(AGENT),
            ledger.decisions(AGENT),
        )

    before, broke = all_there_is(), 0
    while True:
        breaking.at = broke
        try:
            store.confirm(a_confirmation())
        except PowerLossError:
            broke += 1
            assert all_there_is() == before
        else:
            break
    assert broke > 10
    after = all_there_is()
    assert [len(each) for each in (after[2], after[4], after[5]) if isinstance(each, list)] == [1, 1, 1]
    for each in (store, rules, cases, ledger, runs):
        each.close()


def test_an_incident_that_is_put_while_its_run_is_deleted_waits_and_is_passed_over(postgresql_url: str) -> None:
    runs, incidents = open_store(postgresql_url), open_incidents(postgresql_url)
    runs.put([a_run(1)], {})
    engine = postgresql_engine(make_url(postgresql_url).set(drivername="postgresql+psycopg"))
    kept = []
    with engine.begin() as deleting:
        # As whoever deletes runs does.
        deleting.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": GUARDS})
        deleting.execute(text("DELETE FROM runs"))
        putting = threading.Thread(
            target=lambda: kept.append(incidents.keep(AGENT, None, b"", [an_incident(1)], runs=[a_run(1).id]))
        )
        putting.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not deleting.execute(waiting).scalar_one():
            pass
    putting.join()
    assert kept == [None]
    assert incidents.incidents() == []
    engine.dispose()
    runs.close()
    incidents.close()


def test_what_was_seen_is_in_no_file_any_more_when_its_run_is_deleted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    runs, incidents = open_store(url), open_incidents(url)
    runs.put([a_run(1)], {})
    incidents.keep(AGENT, None, b"", [an_incident(1)])
    seen = an_incident(1).evidence.encode()
    assert any(seen in entry.read_bytes() for entry in tmp_path.iterdir())
    runs.delete(RunFilter(ids=[a_run(1).id]))
    assert not any(seen in entry.read_bytes() for entry in tmp_path.iterdir())
    runs.close()
    incidents.close()
