"""How far an exporter is, in a file that a restart finds."""

import logging
import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

P = TypeVar("P")
_log = logging.getLogger("burnish.export")


class SavedPlace(Generic[P]):
    """`what` is exported, for the log."""

    def __init__(self, file: Path, decoder: msgspec.json.Decoder[P], what: str) -> None:
        self._file = file
        self._decode = decoder.decode
        self._what = what

    def load(self) -> P | None:
        """None where nothing was saved that can be read."""
        try:
            return self._decode(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("%s: cannot be read (%s); exporting from here on", self._file, error)
            return None

    def save(self, place: P) -> None:
        """Replaces the file as a whole."""
        draft = self._file.with_suffix(".new")
        try:
            draft.write_bytes(msgspec.json.encode(place))
            os.replace(draft, self._file)
        except OSError as error:
            _log.warning("%s: cannot be saved (%s); %s may be sent twice", self._file, error.strerror, self._what)
