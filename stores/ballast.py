"""Ballast: disk space held in reserve, given up when the disk is full so that calls in flight can still be recorded."""

import contextlib
import os
from pathlib import Path


class Ballast:
    """`size` bytes in a file without a name: the space comes back by itself when the process dies."""

    def __init__(self, directory: Path, size: int) -> None:
        self._directory = directory
        self._size = size
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        return self._fd is not None

    def take(self) -> bool:
        """Whether the space is held; False when the disk has not that much room, or cannot be asked."""
        if self._fd is not None:
            return True
        path = self._directory / f".ballast-{os.getpid()}-{id(self):x}"
        try:
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            os.unlink(path)
            os.posix_fallocate(fd, 0, self._size)
        except OSError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> bool:
        """Whether there was space to give back."""
        if self._fd is None:
            return False
        # Cut as well as closed: a forked child may hold the same file open.
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
        os.close(self._fd)
        self._fd = None
        return True

    def abandon(self) -> None:
        """Forgets a parent's ballast after a fork; it stays the parent's."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
