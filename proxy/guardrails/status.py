"""How many incidents there are, in a file beside the records, for the workers' metrics."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from records.incident import IncidentState

_FILE: Final = "incidents.json"


class IncidentStatus(msgspec.Struct, frozen=True):
    """By agent and state, as of when it last changed."""

    agents: Mapping[str, dict[IncidentState, int]]


def read_incidents(records: Path) -> IncidentStatus | None:
    """None where there never was any."""
    try:
        return msgspec.json.decode((records / _FILE).read_bytes(), type=IncidentStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_incidents(records: Path, status: IncidentStatus) -> None:
    """Replaces the file as a whole. Raises `OSError`."""
    draft = records / f"{_FILE}.new"
    draft.write_bytes(msgspec.json.encode(status))
    os.replace(draft, records / _FILE)
