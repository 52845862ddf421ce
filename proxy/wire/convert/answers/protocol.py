"""What reads an answer in one API's words, and what tells it in another's."""

from collections.abc import Sequence
from typing import Final, Protocol

from proxy.wire.convert.pieces import Piece

NO_SUCH_PART: Final = "the client's API has no such part"
NOT_NAMED: Final = "the client's API does not say which it was"
"""Why something in an answer is left out."""


class Reader(Protocol):
    """Reads one answer. What has not the documented shape raises `ValueError`."""

    def event(self, data: bytes) -> Sequence[Piece]:
        """What one event of a stream says."""

    def end(self) -> Sequence[Piece]:
        """What is still to be said when the stream has ended well."""

    def whole(self, body: bytes) -> Sequence[Piece]:
        """What a whole answer says."""


class Stage(Protocol):
    """Changes pieces on their way, for all of one answer."""

    def take(self, piece: Piece) -> Sequence[Piece]: ...


class Writer(Protocol):
    """Tells one answer."""

    def write(self, piece: Piece) -> Sequence[bytes]:
        """The events, as JSON, that tell of a piece."""

    def end(self) -> Sequence[bytes]:
        """The events that end the stream."""

    def whole(self, pieces: Sequence[Piece]) -> bytes:
        """All of an answer as one document."""
