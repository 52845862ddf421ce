"""A subject as the operating system sees it: its whole process tree, the CPU time it used and the memory it holds.

Linux only: it reads /proc and the CPU-time clock of each process, which counts nanoseconds where /proc counts ticks.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_GONE = (FileNotFoundError, ProcessLookupError)


def start(command: Sequence[str], env: Mapping[str, str], core: int, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Starts a session of its own that may use one core only; every thread and child inherits the core."""
    own = os.sched_getaffinity(0)
    # Inherited from this thread: set afterwards, it would miss what the process had started by then.
    os.sched_setaffinity(0, {core})
    try:
        return subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log, start_new_session=True)
    finally:
        os.sched_setaffinity(0, own)


def stop(process: "subprocess.Popen[bytes]", patience: float = 10.0) -> None:
    """Ends a process and all that it started."""
    members = tree(process.pid)
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    left = [pid for pid in members if alive(pid) and _stat(pid)[3:4] == [str(process.pid)]]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    while any(alive(pid) for pid in left):
        time.sleep(0.001)


def tree(root: int) -> list[int]:
    """`root`, its descendants, and whatever else lives in its session."""
    parents: dict[int, int] = {}
    members = {root}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))):
            parents[int(entry)] = int(fields[1])
            if int(fields[3]) == root:
                members.add(int(entry))
    grew = True
    while grew:
        children = {pid for pid, parent in parents.items() if parent in members}
        grew = not children <= members
        members |= children
    return sorted(members)


def cpu_seconds(root: int) -> float:
    """User and system time of the tree so far, exited children included once their parent has waited for them."""
    total = 0.0
    for pid in tree(root):
        fields = _stat(pid)
        if not fields:
            continue
        try:
            # CPUCLOCK_SCHED of another process, as clock_getcpuclockid(3) computes it.
            own = time.clock_gettime((~pid << 3) | 2)
        except OSError:  # it ended since; its parent will account for it
            continue
        total += own + (int(fields[13]) + int(fields[14])) * _TICK
    return total


def core_seconds(core: int) -> float:
    """How long a core has been busy since boot, with whatever."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *times = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, times[:8])
            return (user + nice + system + irq + softirq + steal) * _TICK
    raise LookupError(f"this machine has no core {core}")


def memory_mib(root: int) -> float:
    """Proportional set size of the tree as if nothing else ran.

    The plain PSS of a Python proxy shrinks when another Python runs beside it, as the load generator does here. So
    anonymous memory is taken as PSS, where only the tree shares it, and each file once at its largest in the tree.
    """
    anonymous = 0
    files: dict[str, int] = {}
    for pid in tree(root):
        try:
            anonymous += sum(kb for name, kb in _fields(pid, "smaps_rollup") if name in ("Pss_Anon:", "Pss_Shmem:"))
            mapping = ""
            for name, kb in _fields(pid, "smaps"):
                if not name.endswith(":"):
                    mapping = name
                elif name == "Rss:":
                    resident = kb
                elif name == "Anonymous:":
                    files[mapping] = max(files.get(mapping, 0), resident - kb)
        except _GONE:
            continue
    return (anonymous + sum(files.values())) / 1024


def _fields(pid: int, file: str) -> Iterator[tuple[str, int]]:
    """Name and kB of each line; a mapping's own line gives what it maps, or its address where it maps no file."""
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        words = line.split()
        if words[0].endswith(":"):
            if words[-1] == "kB":
                yield words[0], int(words[1])
        else:
            address, _, offset, device, inode = words[:5]
            yield (f"{device} {inode} {offset}" if inode != "0" else f"{pid} {address}"), 0


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from the third field on (state, parent, group, session, …); empty once the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except _GONE:
        return []


def alive(pid: int) -> bool:
    """Whether a process still runs; one that waits to be buried does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] != "Z"
