"""The installation's own secret, kept beside the records, and the users' pseudonyms made with it.

With it lost, users already recorded cannot be found by name any more; with it known, names can be guessed at.
"""

import contextlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

_BYTES: Final = 32


class SecretError(Exception):
    """The secret cannot be read or made; the message names the file and the remedy."""


def load_secret(directory: Path) -> bytes:
    """The 32 bytes in `directory/secret`, made when there are none; processes that start together agree on one."""
    file = directory / "secret"
    try:
        if not file.exists():
            _create(file)
        found = file.read_bytes()
    except OSError as error:
        raise SecretError(
            f"{file} cannot be read or made ({error.strerror}); see to its folder's owner and mode, and to its disk"
        ) from None
    if len(found) != _BYTES:
        raise SecretError(f"{file} holds {len(found)} bytes instead of {_BYTES}; restore it from a backup")
    return found


def user_hash(secret: bytes, user: str) -> str:
    """The pseudonym under which runs know a user: 32 hex digits, the same for the same secret."""
    return hmac.digest(secret, b"user\0" + user.encode(errors="surrogatepass"), "sha256").hex()[:32]


def _create(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Whole before it has its name, and the first to give it the name wins.
    part = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
    fd = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, secrets.token_bytes(_BYTES))
        os.fsync(fd)
        with contextlib.suppress(FileExistsError):
            os.link(part, file)
    finally:
        os.close(fd)
        part.unlink()
