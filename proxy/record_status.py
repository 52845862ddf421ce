"""What the background process says of itself, in a file beside the records, for everyone else to read."""

import os
from pathlib import Path
from typing import Final

import msgspec

from stores.indexer import IndexerStatus

_FILE: Final = "background.json"


class ExporterStatus(msgspec.Struct):
    """What became of traces, one a run, or of scores since the process started."""

    exported: int = 0
    dropped: int = 0
    failing: str | None = None
    """Why the receiver takes nothing at the moment."""


class RecordStatus(msgspec.Struct):
    """How the record was kept when that last changed. `exporter` tells of traces, `scores` of the scores in them; both
    are None where nothing is exported."""

    pid: int
    at_ns: int
    indexer: IndexerStatus
    exporter: ExporterStatus | None
    scores: ExporterStatus | None = None


def read_status(records: Path) -> RecordStatus | None:
    """None when no background process ever ran there."""
    try:
        return msgspec.json.decode((records / _FILE).read_bytes(), type=RecordStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_status(records: Path, status: RecordStatus) -> None:
    """Replaces the file as a whole. Raises `OSError`."""
    draft = records / f"{_FILE}.new"
    draft.write_bytes(msgspec.json.encode(status))
    os.replace(draft, records / _FILE)
