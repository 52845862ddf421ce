"""What keeping memories says of itself, in a file beside the records, for the workers' metrics."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from records.insight import InsightState

_FILE: Final = "memory.json"


class MemoryFigures(msgspec.Struct, frozen=True):
    """`answers` are counted by their states; `calls` those that tell what being shown answers does."""

    answers: dict[InsightState, int]
    calls: int = 0


class MemoryStatus(msgspec.Struct, frozen=True):
    """As of when it last changed. `failing` says why nothing is remembered at the moment."""

    agents: Mapping[str, MemoryFigures]
    failing: str | None = None


def read_memory(records: Path) -> MemoryStatus | None:
    """None where nothing was ever remembered."""
    try:
        return msgspec.json.decode((records / _FILE).read_bytes(), type=MemoryStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_memory(records: Path, status: MemoryStatus) -> None:
    """Replaces the file as a whole. Raises `OSError`."""
    draft = records / f"{_FILE}.new"
    draft.write_bytes(msgspec.json.encode(status))
    os.replace(draft, records / _FILE)
