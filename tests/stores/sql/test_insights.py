"""Insights in SQLite and in PostgreSQL."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from stores.insights import open_insights
from stores.runs import RunFilter, StoreBusy, open_store
from stores.sql.engine import postgresql_engine
from stores.sql.ledger_database import INSIGHTS
from tests.stores.insights_contract import InsightsContract
from tests.support.insights import an_insight
from tests.support.runs import a_run


class TestSqlite(InsightsContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'data' / 'burnish.db'}"


class TestPostgresql(InsightsContract):
    @pytest.fixture
    def url(self, postgresql_url: str) -> str:
        return postgresql_url


def test_keeping_insights_in_a_file_needs_no_sqlalchemy(tmp_path: Path) -> None:
    program = """
import sys
from stores.insights import open_insights
from tests.support.insights import an_insight
store = open_insights(sys.argv[1])
store.keep("support", None, b"noted", [an_insight(1, runs=())])
print(len(store.insights("support")), len(store.changes(0, 9)), "sqlalchemy" in sys.modules)
"""
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True)
    assert done.stdout == "1 1 False\n"


@pytest.mark.parametrize("by", ["its run", "its id"])
def test_the_words_of_an_insight_are_in_no_file_any_more_when_it_is_deleted(tmp_path: Path, by: str) -> None:
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    runs, insights, secret = open_store(url), open_insights(url), "xyzzy-plugh"
    runs.put([a_run(1)], {})
    insight = an_insight(1, text=secret * 300)
    insights.put([insight])
    assert any(secret.encode() in entry.read_bytes() for entry in tmp_path.iterdir())
    if by == "its id":
        insights.delete([insight.id])
    else:
        runs.delete(RunFilter(ids=[a_run(1).id]))
    assert not any(secret.encode() in entry.read_bytes() for entry in tmp_path.iterdir())
    runs.close()
    insights.close()


def test_an_insight_that_is_put_while_its_run_is_deleted_waits_and_is_passed_over(postgresql_url: str) -> None:
    runs, insights = open_store(postgresql_url), open_insights(postgresql_url)
    runs.put([a_run(1)], {})
    engine = postgresql_engine(make_url(postgresql_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as deleting:
        # As whoever deletes runs does.
        deleting.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": INSIGHTS})
        deleting.execute(text("DELETE FROM runs"))
        putting = threading.Thread(target=insights.put, args=([an_insight(1)],))
        putting.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not deleting.execute(waiting).scalar_one():
            pass
    putting.join()
    assert insights.insights("support") == []
    engine.dispose()
    runs.close()
    insights.close()


def test_a_store_that_is_held_is_busy_after_a_while(postgresql_url: str) -> None:
    open_store(postgresql_url).close()
    engine = postgresql_engine(make_url(postgresql_url).set(drivername="postgresql+psycopg"))
    insights = open_insights(postgresql_url, patience=0.05)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": INSIGHTS})
        with pytest.raises(StoreBusy):
            insights.put([an_insight(1, runs=())])
    insights.put([an_insight(1, runs=())])
    assert insights.insights("support") == [an_insight(1, runs=())]
    engine.dispose()
    insights.close()
