"""The processes of one `burnish serve`, told apart by what they hold, and the ways to kill them."""

import os
import signal
from pathlib import Path

import psutil

from stores.lease import Lease
from stores.segments import SegmentName, segment_names
from tests.support.proxy import ServedProxy


def supervisor(proxy: ServedProxy) -> psutil.Process:
    return psutil.Process(proxy.process.pid)


def workers(proxy: ServedProxy) -> list[psutil.Process]:
    """The workers that are alive, in the order of their numbers: each writes journal segments named after it."""
    journal = proxy.records / "journal"
    parsed = [name for name in map(SegmentName.parse, segment_names(journal)) if name is not None]
    numbers = {name.pid: int(name.worker) for name in parsed}
    found = [child for child in supervisor(proxy).children() if child.pid in numbers]
    return sorted(found, key=lambda child: numbers[child.pid])


def background(proxy: ServedProxy) -> psutil.Process:
    """The process that fills the store, which is the one with the lease."""
    holder = Lease(Path(proxy.records) / "background.lock").holder()
    (found,) = [child for child in supervisor(proxy).children() if child.pid == holder]
    return found


def kill_everything(proxy: ServedProxy) -> None:
    """All processes at once, as when the machine's memory is full."""
    os.killpg(proxy.process.pid, signal.SIGKILL)
    proxy.process.wait()


def left_after(processes: list[psutil.Process], seconds: float = 30.0) -> list[psutil.Process]:
    """Those that still run by then; returns as soon as there are none."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return alive
