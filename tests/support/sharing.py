"""The process that shares a folder of answers, as the background process starts it; it can be killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores.answers import Collection
from stores.answers.shared import SharedAnswers
from stores.runs import StoreError

_PATIENCE = 60.0


class Sharing:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "stores.answers.sharing", str(self.folder)])
        if wait:
            self.wait()

    def wait(self) -> None:
        """Until it answers."""
        assert self._process is not None
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("the process that shares answers did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(_PATIENCE)
            self._process = None

    def stop_answering(self) -> None:
        """It is there, and silent."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def _answers(self) -> bool:
        asking = SharedAnswers(self.folder, timeout=_PATIENCE)
        try:
            asking.ids(Collection("", "", "", 1))
        except StoreError:
            return False
        finally:
            asking.close()
        return True


@contextmanager
def sharing_answers(folder: Path) -> Iterator[Sharing]:
    sharing = Sharing(folder)
    try:
        sharing.start()
        yield sharing
    finally:
        sharing.kill()
