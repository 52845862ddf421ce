"""Virtual keys: 256 random bits shown once, and the hash that is kept."""

import hashlib
import re
import secrets

PREFIX = "bn-"


def new_key() -> str:
    """A fresh key with 256 bits from the operating system."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """What is stored and looked up in place of the key.

    A plain SHA-256 is enough: a key of 256 random bits cannot be guessed.
    """
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def is_hash(text: str) -> bool:
    """Whether the text has the form `hash_key` gives."""
    return re.fullmatch(r"sha256:[0-9a-f]{64}", text) is not None
