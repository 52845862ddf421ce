"""Journal segments: files of whole lines, named so that they sort by time, each locked for life by its one writer.

A segment whose lock can be taken has no writer any more, and never gets one again.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Self

SUFFIX: Final = ".otlp.jsonl"
_NS: Final = 1_000_000_000
_ABANDONED_NS: Final = 60 * _NS


class SegmentName(NamedTuple):
    """What a segment's file name says, `20261122T100133.123456789Z-w0-4711-000001.otlp.jsonl`."""

    opened_ns: int
    worker: str
    pid: int
    sequence: int

    def __str__(self) -> str:
        second, rest = divmod(self.opened_ns, _NS)
        time = datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%S")
        return f"{time}.{rest:09d}Z-{self.worker}-{self.pid}-{self.sequence:06d}{SUFFIX}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """None for a file that is not a segment."""
        try:
            time, _, rest = name.removesuffix(SUFFIX).partition("-")
            worker, pid, sequence = rest.rsplit("-", 2)
            second, _, fraction = time.removesuffix("Z").partition(".")
            opened = datetime.strptime(second, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            found = cls(int(opened.timestamp()) * _NS + int(fraction), worker, int(pid), int(sequence))
        except ValueError:
            return None
        return found if str(found) == name else None


def journal_in(records: Path) -> Path:
    """The folder of the journal within the folder of the records."""
    return records / "journal"


def segment_names(directory: Path) -> list[str]:
    """The segments there, oldest first; none when the folder is missing."""
    try:
        found: Iterable[str] = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(name for name in found if name.endswith(SUFFIX) and not name.startswith("."))


def create_segment(directory: Path, name: SegmentName) -> int:
    """Creates the segment and returns it open for appending and locked. Raises `FileExistsError` when it is there.

    It gets its name once it is locked, so that no reader ever takes it for one whose writer is gone.
    """
    hidden = directory / f".{name}"
    fd = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.link(hidden, directory / str(name))
    except OSError:
        os.close(fd)
        raise
    finally:
        os.unlink(hidden)
    return fd


def sweep(directory: Path, now_ns: int) -> None:
    """Removes what a process left that died while it created a segment."""
    for draft in directory.glob(f".*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            if now_ns - draft.stat().st_mtime_ns > _ABANDONED_NS:
                draft.unlink()


def has_writer(fd: int) -> bool:
    """Whether the writer of the segment open at `fd` still holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False
