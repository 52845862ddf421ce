"""The process that has the answers: started where it is wanted, started again when it dies, ended with its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from proxy.recall.answers_process import AnswersProcess
from stores.answers import Collection
from stores.answers.shared import SharedAnswers
from stores.runs import StoreError
from tests.proxy.recall.conftest import Clock


@pytest.fixture
def process(tmp_path: Path, clock: Clock) -> Iterator[AnswersProcess]:
    process = AnswersProcess(tmp_path / "answers", clock=clock)
    yield process
    process.stop()


def answers(folder: Path) -> bool:
    asking = SharedAnswers(folder, timeout=30)
    try:
        return asking.ids(Collection("t", "a", "s", 1)) == []
    except StoreError:
        return False
    finally:
        asking.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_started_where_it_is_wanted_and_ended_where_not(process: AnswersProcess, tmp_path: Path) -> None:
    process.watch(False)
    assert process.pid is None
    process.watch(True)
    until(lambda: answers(tmp_path / "answers"))
    process.watch(False)
    assert process.pid is None
    assert not answers(tmp_path / "answers")


def test_what_lies_in_the_working_folder_is_not_run(
    process: AnswersProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stores").mkdir()
    (tmp_path / "stores/__init__.py").write_text("raise RuntimeError('not ours')")
    monkeypatch.chdir(tmp_path)
    process.watch(True)
    until(lambda: answers(tmp_path / "answers"))


def test_one_that_dies_is_started_again_each_time_a_little_later(
    process: AnswersProcess, tmp_path: Path, clock: Clock
) -> None:
    process.watch(True)
    until(lambda: answers(tmp_path / "answers"))

    def kill() -> None:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: process.pid is None)
        clock.now += 0.5
        process.watch(True)

    kill()
    until(lambda: answers(tmp_path / "answers"))
    kill()
    assert process.pid is None
    clock.now += 1.0
    process.watch(True)
    until(lambda: answers(tmp_path / "answers"))


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = """
        import os, sys, time
        from pathlib import Path
        from proxy.recall.answers_process import AnswersProcess

        process = AnswersProcess(Path(sys.argv[1]))
        process.watch(True)
        print(process.pid, flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", dedent(script), str(tmp_path / "answers")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until(lambda: answers(tmp_path / "answers"))
        parent.kill()
    until(lambda: not _runs(child))
    assert not answers(tmp_path / "answers")


def _runs(pid: int) -> bool:
    """A dead one whose parent is gone may still have an entry."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
