"""Gaps: calls that were served but could not be recorded, counted so that the record can say what it lacks.

While a gap lasts it is kept in a page allocated when it began, so that counting it takes no further room on the disk
and outlives the process; when it ends it becomes a line of `gaps.jsonl`.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

_FILE: Final = "gaps.jsonl"
_PAGE: Final = 4096
_PAGES: Final = ".gap-"


class Gap(msgspec.Struct, frozen=True):
    """`calls` that one process did not record between two times (nanoseconds since the epoch), and why."""

    since_ns: int
    until_ns: int
    calls: int
    reason: str
    worker: str
    pid: int

    def and_another(self, now_ns: int) -> "Gap":
        return msgspec.structs.replace(self, until_ns=now_ns, calls=self.calls + 1)


class OpenGap:
    """A gap that may still grow. Without `page` (no room even for that) it lives in memory until it is closed."""

    def __init__(self, directory: Path, gap: Gap) -> None:
        self.gap = gap
        self._directory = directory
        self._page: Path | None = directory / f"{_PAGES}{gap.worker}-{gap.pid}-{gap.since_ns}"
        try:
            self._fd = os.open(self._page, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        except OSError:
            self._page = None
            return
        try:
            os.posix_fallocate(self._fd, 0, _PAGE)
        except OSError:
            self._drop_page()

    def count(self, now_ns: int) -> None:
        """One more call that was not recorded."""
        self.gap = self.gap.and_another(now_ns)
        if self._page is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self._fd, msgspec.json.encode(self.gap).ljust(_PAGE - 1) + b"\n", 0)

    def close(self) -> bool:
        """Whether the gap is on disk for good (or held nothing). False: try again when there is room."""
        if self.gap.calls:
            try:
                # It begins with a line break too, so that a piece cut off by a full disk spoils no line but its own.
                _append(self._directory / _FILE, b"\n" + msgspec.json.encode(self.gap) + b"\n")
            except OSError:
                return False
        self._drop_page()
        return True

    def abandon(self) -> None:
        """Leaves the page behind as the record of the gap, and closes it."""
        if self._page is not None:
            os.close(self._fd)
            self._page = None

    def _drop_page(self) -> None:
        if self._page is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._page)
            os.close(self._fd)
            self._page = None


def gaps_in(directory: Path) -> list[Gap]:
    """Every gap in the record kept there, oldest first."""
    found: dict[tuple[str, int, int], Gap] = {}
    pages = (entry for entry in directory.glob(f"{_PAGES}*")) if directory.is_dir() else ()
    for file in (directory / _FILE, *pages):
        with contextlib.suppress(FileNotFoundError):
            for line in file.read_bytes().splitlines():
                # A page that counts nothing yet is zeros, and a line may have been cut by a full disk.
                with contextlib.suppress(msgspec.DecodeError):
                    gap = msgspec.json.decode(line, type=Gap)
                    # A process that died between writing the line and dropping the page leaves both.
                    found[gap.worker, gap.pid, gap.since_ns] = gap
    return sorted(found.values(), key=lambda gap: gap.since_ns)


def _append(path: Path, line: bytes) -> None:
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if os.write(fd, line) != len(line):
            raise OSError(f"{path}: the disk is full")
    finally:
        os.close(fd)
