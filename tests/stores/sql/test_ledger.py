"""Variants, scores and decisions in SQLite and in PostgreSQL."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stores.ledger import ScoreFilter, open_ledger
from stores.runs import RunFilter, StoreBusy, open_store
from tests.stores.ledger_contract import Held, LedgerContract
from tests.stores.variants_contract import VariantsContract
from tests.support import postgres
from tests.support.scores import a_score


class TestSqlite(LedgerContract, VariantsContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'data' / 'burnish.db'}"

    @pytest.fixture
    def held(self, url: str) -> Held:
        @contextmanager
        def hold() -> Iterator[None]:
            connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.close()

        return hold


class TestPostgresql(LedgerContract, VariantsContract):
    @pytest.fixture
    def url(self, postgresql_url: str) -> str:
        return postgresql_url

    @pytest.fixture
    def held(self, url: str) -> Held:
        @contextmanager
        def hold() -> Iterator[None]:
            with psycopg.connect(url) as connection:
                # A place is drawn, and is not to be seen yet.
                connection.execute("SELECT pg_advisory_xact_lock(x'6c6564676572'::bigint)")
                connection.execute("SELECT nextval(pg_get_serial_sequence('scores', 'seq'))")
                yield
                connection.rollback()

        return hold


def test_keeping_a_ledger_in_a_file_needs_no_sqlalchemy(tmp_path: Path) -> None:
    program = """
import sys
from stores.ledger import ScoreFilter, open_ledger
from tests.support import postgres
from tests.support.scores import a_decision, a_score, a_variant
ledger = open_ledger(sys.argv[1])
ledger.add_variant(a_variant())
ledger.put_score(a_score())
ledger.add_decision(a_decision())
print(len(ledger.scores(ScoreFilter())), len(ledger.decisions("support")), "sqlalchemy" in sys.modules)
"""
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True)
    assert done.stdout == "1 1 False\n"


def test_what_was_said_in_a_score_is_in_no_file_any_more_when_its_run_is_deleted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    ledger, secret = open_ledger(url), "xyzzy-plugh"
    ledger.put_score(a_score(1, rationale=secret * 300))
    assert any(secret.encode() in entry.read_bytes() for entry in tmp_path.iterdir())
    store = open_store(url)
    store.delete(RunFilter(ids=[a_score(1).subject]))
    assert not any(secret.encode() in entry.read_bytes() for entry in tmp_path.iterdir())
    store.close()
    ledger.close()


def test_a_server_that_cannot_be_reached_is_busy() -> None:
    with pytest.raises(StoreBusy, match="cannot be reached"):
        open_ledger("postgresql://burnish:hunter2@127.0.0.1:1/none")


def test_a_server_that_went_away_is_busy_and_comes_back(postgresql: postgres.Postgres, postgresql_url: str) -> None:
    ledger = open_ledger(postgresql_url)
    ledger.put_score(a_score())
    with postgresql.shut(postgresql_url), pytest.raises(StoreBusy):
        ledger.put_score(a_score(2))
    assert ledger.count_scores(ScoreFilter()) == 1
    assert ledger.put_score(a_score(2)).new
    ledger.close()
