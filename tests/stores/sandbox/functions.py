"""What the tests call inside the sandbox."""

from pathlib import Path


def shout(text: str) -> str:
    return text.upper()


def nothing() -> None:
    pass


def breaks() -> None:
    raise ValueError("no")


def odd() -> list[int]:
    return [1]


def where_am_i() -> str:
    return str(Path.cwd())
