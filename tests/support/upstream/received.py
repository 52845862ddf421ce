"""What the upstream was sent, kept exactly as it came, for a test to look at afterwards."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.upstream.gate import Gate
from tests.support.upstream.memory import Memory


@dataclass(frozen=True, eq=False)
class Received:
    """One request."""

    number: int
    """1 for the first request this upstream got."""
    method: str
    target: str
    """Path and query as they stood in the request line."""
    headers: tuple[tuple[bytes, bytes], ...]
    """Every header line in order, names in the case they came in."""
    body: bytes
    received_at: float
    """When the last byte of the body had come, on `time.monotonic`'s clock."""
    connection: int
    """Requests that came over the same connection share this number."""
    memory: Memory = field(default_factory=Memory)
    """What the upstream that got it remembers."""
    answered: Gate = field(default_factory=Gate)
    """Opens when the whole answer was written."""
    left: Gate = field(default_factory=Gate)
    """Opens when the client closed the connection before it had the whole answer."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """The first header of this name in any case, or None."""
        wanted = name.lower().encode("latin-1")
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), None)

    def json(self) -> Any:
        return json.loads(self.body)
