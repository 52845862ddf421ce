"""CPU time and memory of a real process tree."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.processes import alive, cpu_seconds, memory_mib, start, stop, tree

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
TELL = "print('ready', flush=True); import sys; sys.stdin.read()"


@contextmanager
def python(code: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A child that runs `code`, says so, and waits until it is let go."""
    command = [sys.executable, "-c", f"{code}\n{TELL}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.communicate()


def test_a_process_is_charged_what_it_used() -> None:
    with python(BURN.format(seconds=0.3)) as process:
        used = cpu_seconds(process.pid)
    assert 0.3 <= used < 0.6


def test_children_are_charged_to_the_tree_while_they_live_and_after() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN.format(seconds=0.3)!r}])"
    with python(child) as process:
        after = cpu_seconds(process.pid)
    living = (
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {(BURN.format(seconds=0.3) + TELL)!r}]"
    )
    living += ", stdin=subprocess.PIPE, stdout=subprocess.PIPE); p.stdout.readline()"
    with python(living) as process:
        members = tree(process.pid)
        during = cpu_seconds(process.pid)
    assert after >= 0.3
    assert during >= 0.3
    assert len(members) == 2


def test_memory_counts_what_a_child_holds_for_itself() -> None:
    with python("held = bytearray(50 * 2**20)") as process:
        alone = memory_mib(process.pid)
    assert 50 <= alone < 80


def test_pages_shared_with_a_forked_child_are_counted_once() -> None:
    fork = "import os, signal\nheld = bytearray(50 * 2**20)\nif os.fork() == 0: signal.pause()"
    with python(fork) as process:
        members = tree(process.pid)
        together = memory_mib(process.pid)
        os.kill(next(pid for pid in members if pid != process.pid), 9)
    assert len(members) == 2
    assert 50 <= together < 80


def test_a_subject_is_stopped_with_everything_it_started() -> None:
    shell = ["/bin/sh", "-c", "sleep 60 & sleep 60 & wait"]
    core = min(os.sched_getaffinity(0))
    with open(os.devnull, "wb") as log:
        process = start(shell, {}, core, log)
    while len(members := tree(process.pid)) < 3:
        time.sleep(0.01)
    assert all(os.sched_getaffinity(pid) == {core} for pid in members)
    stop(process)
    assert not any(alive(pid) for pid in members)
