"""The journal: one line for each call, appended with write(2) before the client sees its reply end.

One `Journal` belongs to one thread of one process, which is why it needs no lock. It writes segments of its own and
never raises on the path of a reply: what could not be recorded is counted as a gap, and `room` tells whether the next
call can be.
"""

import errno
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from weakref import WeakMethod

from stores.ballast import Ballast
from stores.gaps import Gap, OpenGap
from stores.segments import SegmentName, create_segment

SEGMENT_BYTES: Final = 64 * 2**20
BALLAST_BYTES: Final = 4 * 2**20
_SECOND: Final = 1_000_000_000
_SEGMENT_AGE: Final = 3600 * _SECOND
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_log = logging.getLogger("burnish.journal")


class JournalError(Exception):
    """The journal cannot be opened where the configuration puts it; the message names the place and the remedy."""


class Journal:
    """Records lines for `worker` under `directory`. A segment is closed at `segment_bytes`, or after an hour.

    With `sync` each line is on the disk, not only with the kernel, before `write` returns: that survives loss of power,
    and costs the event loop the time of an fdatasync(2).
    """

    def __init__(
        self,
        directory: Path,
        *,
        worker: str,
        segment_bytes: int = SEGMENT_BYTES,
        sync: bool = False,
        clock: Callable[[], int] = time.time_ns,
        ballast_bytes: int = BALLAST_BYTES,
    ) -> None:
        self.lost = 0
        """Calls not recorded since the start of this process."""
        self._directory = directory
        self._worker = worker
        self._segment_bytes = segment_bytes
        self._sync = sync
        self._clock = clock
        self._fd: int | None = None
        self._size = 0
        self._rotate_size = self._rotate_ns = 0
        self._sequence = 0
        self._trouble: OSError | None = None
        self._gap: OpenGap | None = None
        self._checked_ns = 0
        self._ballast = Ballast(directory, ballast_bytes)
        try:
            self._open_segment()
        except OSError as error:
            if error.errno not in _NO_SPACE:
                raise JournalError(
                    f"{directory}: no journal can be kept there ({error.strerror}); "
                    "make the folder writable, or set records.dir to one on a local disk"
                ) from None
            self._suffer(error)
        os.register_at_fork(after_in_child=_weakly(WeakMethod(self._start_over)))

    @property
    def room(self) -> bool:
        """Whether the next call can be recorded. Comes back by itself: the disk is asked at most once a second."""
        return self._trouble is None or self._recovered()

    def write(self, line: bytes) -> bool:
        """Appends a whole line, newline included. False when it could not be kept; it is then counted as lost."""
        if self._fd is None and not self.room:
            self._lose()
            return False
        try:
            self._append(line)
        except OSError as error:
            return self._rescue(line, error)
        if self._trouble is not None:
            self._recovered()
        return True

    def close(self) -> None:
        """Gives the segment up to its readers. What is lost and not yet noted stays in the gap's page."""
        self._close_segment()
        self._ballast.release()
        if self._gap is not None and not self._gap.close():
            self._gap.abandon()
        self._gap = None

    def _append(self, line: bytes) -> None:
        """On an error the segment ends where it ended before, or is closed."""
        fd = self._fd
        if fd is None:
            fd = self._open_segment()
        elif self._size >= self._rotate_size or self._clock() >= self._rotate_ns:
            fd = self._rotated(fd)
        # A deleted file takes writes as if nothing had happened.
        if os.fstat(fd).st_nlink == 0:
            self._close_segment()
            raise FileNotFoundError(errno.ENOENT, "the journal segment was deleted")
        try:
            written = os.write(fd, line)
            while written < len(line):
                written += os.write(fd, line[written:])
        except OSError:
            self._cut_back(fd)
            raise
        self._size += written
        if self._sync:
            try:
                os.fdatasync(fd)
            except OSError:
                # The line may or may not be on the disk. It is written again elsewhere; runs are known by their id.
                self._close_segment()
                raise

    def _cut_back(self, fd: int) -> None:
        """Takes back the piece of a line that was written; where even that fails, no other line may follow it."""
        try:
            os.ftruncate(fd, self._size)
        except OSError:
            self._close_segment()

    def _rescue(self, line: bytes, error: OSError) -> bool:
        """A second try for a line that failed: with the ballast's room, or in a new segment."""
        if error.errno in _NO_SPACE:
            again = self._ballast.release()
            self._suffer(error)
        else:
            again = self._trouble is None
            self._close_segment()
        if again:
            try:
                self._append(line)
            except OSError as second:
                error = second
            else:
                if self._trouble is None:
                    _log.warning("%s: %s; the journal goes on in a new segment", self._directory, error.strerror)
                return True
        self._suffer(error)
        self._lose()
        return False

    def _suffer(self, error: OSError) -> None:
        """From now on there is no room, until `_recovered` finds some."""
        if self._trouble is None:
            _log.error(
                "%s: calls cannot be recorded: %s; free some space or see to the disk", self._directory, error.strerror
            )
            now = self._clock()
            self._checked_ns = now
            gap = Gap(now, now, 0, error.strerror or str(error), self._worker, os.getpid())
            self._gap = OpenGap(self._directory, gap)
        self._trouble = error

    def _lose(self) -> None:
        self.lost += 1
        if self._gap is not None:
            self._gap.count(self._clock())

    def _recovered(self) -> bool:
        now = self._clock()
        if abs(now - self._checked_ns) < _SECOND:
            return False
        self._checked_ns = now
        try:
            if self._fd is None:
                self._open_segment()
        except OSError:
            return False
        if not self._ballast.take() or (self._gap is not None and not self._gap.close()):
            return False
        calls = self._gap.gap.calls if self._gap is not None else 0
        self._gap = self._trouble = None
        _log.warning("%s: calls are recorded again; %d were not", self._directory, calls)
        return True

    def _rotated(self, fd: int) -> int:
        """A new segment; where none can be had, the old one, for now."""
        try:
            return self._open_segment()
        except OSError as error:
            _log.warning("%s: no new journal segment: %s; the old one grows on", self._directory, error.strerror)
            self._rotate_size = self._size + self._segment_bytes
            self._rotate_ns = self._clock() + _SEGMENT_AGE
            return fd

    def _open_segment(self) -> int:
        """Goes on in a new segment. On an error the old one stays in use."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = self._clock()
        while True:
            self._sequence += 1
            try:
                fd = create_segment(self._directory, SegmentName(now, self._worker, os.getpid(), self._sequence))
                break
            except FileExistsError:
                continue
        self._close_segment()
        self._fd, self._size, self._rotate_size, self._rotate_ns = fd, 0, self._segment_bytes, now + _SEGMENT_AGE
        if self._sync:
            _sync_directory(self._directory)
        if self._trouble is None and not self._ballast.take():
            self._suffer(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        return fd

    def _close_segment(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _start_over(self) -> None:
        """After a fork: the segment and the ballast are the parent's, and the child begins its own."""
        self._close_segment()
        self._ballast.abandon()
        self._gap = self._trouble = None
        self.lost = 0


def _weakly(method: "WeakMethod[Callable[[], None]]") -> Callable[[], None]:
    def call() -> None:
        if (found := method()) is not None:
            found()

    return call


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
