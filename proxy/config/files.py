"""Small files, read together with the stamp that tells whether they changed since."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 2**20


@dataclass(frozen=True)
class Stamp:
    """What the system says of a file; a file that was replaced or edited has another."""

    modified_ns: int
    size: int
    inode: int


def read_whole(path: Path) -> tuple[bytes, Stamp]:
    """The file and the stamp it had when read; raises OSError, also above 1 MiB."""
    with path.open("rb") as file:
        before = _stamp(os.fstat(file.fileno()))
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(errno.EFBIG, "it is larger than 1 MiB")
    return data, before


def stamp(path: Path) -> Stamp | None:
    """The stamp a file has now, or None if it cannot be seen."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
