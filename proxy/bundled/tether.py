"""Runs a command that ends when the process that asked for it ends, however that happens.

A script of its own, started with `python -I -S tether.py HOW PARENT PRELOAD COMMAND...`: between fork and exec a Python
program may not safely run code of its own.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import NoReturn

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tethered(*command: str, preload: str = "") -> list[str]:
    """What to start in place of `command`, whose first word is a path. On Linux it ends with the thread that does."""
    how = "kernel" if sys.platform == "linux" else "watch"
    return [sys.executable, "-I", "-S", __file__, how, str(os.getpid()), preload, *command]


def bound_by_kernel(parent: int, environ: dict[str, str], command: list[str]) -> None:
    """Becomes the command, and asks Linux to kill it with its parent. More exactly: with the thread that started it."""
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        watched(parent, environ, command)
    if os.getppid() == parent:  # else it died before the request took effect
        os.execve(command[0], command, environ)


def watched(parent: int, environ: dict[str, str], command: list[str]) -> NoReturn:
    """Stays beside the command and looks twice a second whether the parent is still there."""
    process = subprocess.Popen(command, env=environ)
    try:
        while process.poll() is None and os.getppid() == parent:
            time.sleep(0.5)
    finally:
        process.kill()
    code = process.wait()
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    how, asked_by, preload, *rest = sys.argv[1:]
    environment = dict(os.environ)
    if preload:
        environment["LD_PRELOAD"] = preload
    (bound_by_kernel if how == "kernel" else watched)(int(asked_by), environment, rest)
