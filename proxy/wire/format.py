"""What a wire format is: one API that clients speak. Adding one touches nothing else."""

from typing import Protocol

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError


class WireFormat(Protocol):
    """Stateless; one instance serves all calls."""

    name: str
    """As it stands in configuration and metrics: `chat`, `responses`, `messages`."""

    path: str
    """The route below `/v1/`, without slashes at its ends."""

    def read_request(self, body: bytes) -> ChatRequest:
        """Raises `BadRequest` naming the field that is wrong."""

    def read_chunk(self, data: bytes) -> Chunk:
        """One event of an upstream's stream in this format. Raises `UpstreamBroke` where it is an error."""

    def read_whole(self, body: bytes) -> Chunk:
        """A whole answer in this format."""

    def event(self, chunk: Chunk, request: ChatRequest) -> bytes:
        """The server-sent event for a chunk; b"" where this client is not to see it."""

    def events_of(self, completion: Completion, request: ChatRequest) -> list[bytes]:
        """A whole answer as the events of a stream, for a client that asked for one."""

    def end(self) -> bytes:
        """What ends a stream that went well; b"" where the last event did."""

    def error(self, error: ApiError, request_id: str) -> bytes:
        """The document that tells a client of `error`."""

    def error_event(self, error: ApiError, request_id: str) -> bytes:
        """The same, in the middle of a stream."""
