"""How the run is found that feedback is about, and what happens while the store is away."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from proxy.errors import ApiError
from proxy.feedback.desk import FeedbackDesk
from proxy.feedback.keeping import Caps
from records.feedback import Vote
from records.line import LineWriter
from stores.journal import Journal
from stores.ledger import ScoreFilter, open_ledger
from stores.runs import open_store
from tests.support import postgres
from tests.support.indexing import index
from tests.support.runs import NOON, a_run

CAPS = Caps(per_rater=10, per_day=10, person=True)
RUN = a_run(1)
VOTE = Vote("default", RUN.agent, RUN.id, "ada", NOON).thumb(True)


class Time:
    """Seconds that pass only when somebody pauses; something may happen then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'burnish.db'}"


@pytest.fixture
def desk(tmp_path: Path, database: str, time: Time) -> Iterator[FeedbackDesk]:
    desk = FeedbackDesk(database, tmp_path, clock=time, wall=lambda: RUN.ended_ns, pause=time.pause)
    yield desk
    desk.close()


def record(tmp_path: Path) -> None:
    """As another worker does."""
    with closing(Journal(tmp_path / "journal", worker="1", ballast_bytes=0)) as journal:
        journal.write(LineWriter({})(RUN))


async def test_a_run_that_was_just_recorded_here_is_known_at_once(desk: FeedbackDesk, tmp_path: Path) -> None:
    desk.note(RUN)
    assert (await desk.find(RUN.agent, "run_id", RUN.id)).id == RUN.id
    assert not (tmp_path / "burnish.db").exists()


async def test_a_run_of_another_worker_is_waited_for_until_it_is_in_the_store(
    desk: FeedbackDesk, time: Time, tmp_path: Path
) -> None:
    record(tmp_path)
    time.meanwhile = lambda: index(tmp_path)
    assert (await desk.find(RUN.agent, "run_id", RUN.id)).id == RUN.id
    assert 0 < time.now < 0.5


async def test_a_run_that_never_was_is_not_waited_for_longer_than_the_store_is_behind(
    desk: FeedbackDesk, time: Time, tmp_path: Path
) -> None:
    record(tmp_path)
    time.meanwhile = lambda: index(tmp_path)
    with pytest.raises(ApiError) as refused:
        await desk.find(RUN.agent, "run_id", "0" * 32)
    assert refused.value.status == 404
    assert 0 < time.now < 0.5


async def test_while_the_store_stays_behind_nobody_is_told_that_a_run_never_was(
    desk: FeedbackDesk, time: Time, tmp_path: Path
) -> None:
    record(tmp_path)
    with pytest.raises(ApiError) as refused:
        await desk.find(RUN.agent, "run_id", RUN.id)
    assert (refused.value.status, refused.value.headers["retry-after"]) == (503, "1")
    assert "send it again" in refused.value.message


async def test_what_was_erased_is_forgotten_here_too(tmp_path: Path, database: str) -> None:
    later = FeedbackDesk(database, tmp_path, wall=lambda: RUN.ended_ns + 61 * 10**9)
    later.note(RUN)
    with pytest.raises(ApiError) as refused:
        await later.find(RUN.agent, "run_id", RUN.id)
    assert refused.value.status == 404
    later.close()


async def test_a_locked_store_loses_no_vote_silently(
    desk: FeedbackDesk, time: Time, tmp_path: Path, database: str
) -> None:
    open_store(database).close()
    with closing(sqlite3.connect(tmp_path / "burnish.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ApiError, match="locked by another process") as refused:
            await desk.keep([VOTE], CAPS, None)
        assert (refused.value.status, refused.value.headers["retry-after"]) == (503, "1")
        # Those behind it are told at once, each in its turn would wait longer and longer.
        with pytest.raises(ApiError, match="away"):
            await desk.keep([VOTE], CAPS, None)
    time.now += 1.0
    assert await desk.keep([VOTE], CAPS, None) == ["new"]
    with closing(open_ledger(database)) as ledger:
        assert ledger.count_scores(ScoreFilter()) == 1


async def test_only_the_last_runs_are_remembered_and_the_others_are_asked_for(
    desk: FeedbackDesk, tmp_path: Path
) -> None:
    desk.note(RUN)
    for number in range(2, 2 + 4096):
        desk.note(a_run(number))
    with pytest.raises(ApiError):
        await desk.find(RUN.agent, "run_id", RUN.id)
    assert (tmp_path / "burnish.db").exists()


async def test_where_machines_share_a_server_a_run_of_another_one_is_waited_for_a_moment(
    tmp_path: Path, time: Time
) -> None:
    with postgres.running() as server, server.fresh() as url:
        desk = FeedbackDesk(url, tmp_path, clock=time, pause=time.pause)
        store = open_store(url)
        with pytest.raises(ApiError) as refused:
            await desk.find(RUN.agent, "run_id", RUN.id)
        assert (refused.value.status, time.now >= 0.5) == (404, True)

        def index_there() -> None:
            store.put([RUN], {})

        time.meanwhile = index_there
        assert (await desk.find(RUN.agent, "run_id", RUN.id)).id == RUN.id
        assert await desk.keep([VOTE], CAPS, None) == ["new"]
        assert await desk.keep([VOTE], CAPS, None) == ["same"]
        desk.close()
        store.close()
