"""A real disk of a few MB that a test may fill. Without the right to mount one, its tests are skipped."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, megabytes: int, inodes: int = 50) -> Iterator[Path]:
    """A tmpfs of that size, mounted at `place`."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,nr_inodes={inodes}", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a full disk needs a disk of its own, and mounting one is not permitted: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, *, leave: int = 0) -> Path:
    """A file that takes all the room there is, but for `leave` bytes; remove it to have the room back."""
    file = disk / "filler"
    with file.open("wb", buffering=0) as filler:
        room = os.statvfs(disk)
        os.posix_fallocate(filler.fileno(), 0, room.f_bavail * room.f_bsize - leave)
    return file
