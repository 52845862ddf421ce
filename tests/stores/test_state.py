"""The file that workers share: used when it can be, done without when it cannot, and never waited for long."""

import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stores.state import StateFile

TABLE = "create table if not exists words (word text)"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "state.db"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(path: Path, clock: Clock) -> Iterator[StateFile]:
    state = StateFile(path, TABLE, "words", synchronous="off", clock=clock)
    yield state
    state.close()


def add(state: StateFile, word: str) -> bool:
    def insert(file: sqlite3.Connection) -> bool:
        file.execute("begin immediate")
        file.execute("insert into words values (?)", (word,))
        return True

    return state.attempt(insert, False)


def words(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [word for (word,) in connection.execute("select word from words")]
    finally:
        connection.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process has the file for itself."""
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('begin immediate');"
        "print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield


def test_work_is_done_whole(path: Path, state: StateFile) -> None:
    assert add(state, "wax")
    assert words(path) == ["wax"]


def test_work_that_fails_leaves_nothing_behind(path: Path, state: StateFile) -> None:
    def fail(file: sqlite3.Connection) -> str:
        file.execute("begin immediate")
        file.execute("insert into words values ('half')")
        file.execute("insert into elsewhere values (1)")
        return "done"

    assert state.attempt(fail, "otherwise") == "otherwise"
    assert words(path) == []


def test_a_locked_file_is_said_once_and_tried_again_after_a_second(
    path: Path, state: StateFile, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    add(state, "before")
    with locked(path):
        started = time.monotonic()
        assert not add(state, "one")
        assert time.monotonic() - started < 2
        clock.now += 0.5
        assert not add(state, "two")
        clock.now += 1
        assert not add(state, "three")
    assert not add(state, "four")
    clock.now += 1
    assert add(state, "after")
    assert words(path) == ["before", "after"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "database is locked" in caplog.messages[0]
    assert "kept again" in caplog.messages[1]


def test_while_it_is_in_trouble_the_file_is_left_alone(path: Path, state: StateFile, clock: Clock) -> None:
    asked = []

    def look(file: sqlite3.Connection) -> bool:
        asked.append(clock.now)
        raise sqlite3.OperationalError("disk I/O error")

    for _ in range(30):
        assert not state.attempt(look, False)
        clock.now += 0.125
    assert asked == [0.0, 1.0, 2.0, 3.0]


def test_a_file_that_cannot_be_made_is_made_once_it_can(path: Path, state: StateFile, clock: Clock) -> None:
    path.parent.write_text("in the way")
    assert not add(state, "early")
    path.parent.unlink()
    clock.now += 1
    assert add(state, "late")
    assert words(path) == ["late"]


def test_what_is_wrong_in_the_work_itself_is_raised(path: Path, state: StateFile) -> None:
    with pytest.raises(ZeroDivisionError):
        state.attempt(lambda file: 1 // 0, 0)
    assert add(state, "still")
