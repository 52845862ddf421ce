"""One PostgreSQL server for all the tests of stores."""

from collections.abc import Iterator

import pytest

from tests.support import postgres


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Postgres]:
    with postgres.running() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: postgres.Postgres) -> Iterator[str]:
    with postgresql.fresh() as url:
        yield url
