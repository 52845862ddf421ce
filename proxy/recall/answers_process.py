"""The process that has the folder of answers open, as a child of the background process: it ends with that."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.bundled.tether import tethered

_LOOK_EVERY: Final = 0.5
_RESTART_AFTER: Final = (0.0, 1.0, 5.0, 15.0)
"""Seconds before one that keeps dying is started again."""
_STEADY: Final = 60.0
"""Seconds after which earlier deaths are forgotten."""
_log = logging.getLogger("burnish.recall")


class AnswersProcess:
    """Does nothing until `watch(True)`. For the main thread: Linux ends the child with the thread that started it."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._look_at = self._start_at = self._started_at = 0.0
        self._deaths = 0

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def watch(self, wanted: bool) -> None:
        """Starts it, or starts it again, where it is `wanted`, else ends it. Cheap, and never waits: for every step."""
        now = self._clock()
        if not wanted:
            self.stop()
            return
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            self._died(code, now)
        if self._process is None and now >= self._start_at:
            self._process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, start_new_session=True)
            self._started_at = now

    def stop(self) -> None:
        """At once: what it was told to keep is on disk."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _died(self, code: int, now: float) -> None:
        self._deaths = 1 if now - self._started_at > _STEADY else self._deaths + 1
        self._start_at = now + _RESTART_AFTER[min(self._deaths, len(_RESTART_AFTER)) - 1]
        how = f"status {code}" if code >= 0 else signal.Signals(-code).name
        _log.error("the process that has the past answers ended with %s, and is started again", how)

    def _command(self) -> list[str]:
        # -P: not the module of that name that the working folder may have.
        return tethered(sys.executable, "-P", "-m", "stores.answers.sharing", str(self._folder))
