"""What a wire format is: one API that clients speak. Adding one touches nothing else."""

from collections.abc import Mapping
from typing import Protocol, Self

from middleware.messages import ChatRequest, Chunk, Completion
from proxy.errors import ApiError


class WireRequest(ChatRequest):
    """A request in some wire format. The chain does not know which; where it is sent upstream, it matters."""

    __slots__ = ()

    api: str
    """The name of its `WireFormat`."""

    @property
    def stores(self) -> bool:
        """Whether the client may refer to the answer later, by its id alone."""
        return False

    def asking_usage(self) -> Self:
        """A copy that asks for token counts at the end of a stream; itself where the API gives them unasked."""
        return self


class WireChunk(Chunk):
    """A chunk that is a document of some wire format."""

    __slots__ = ()

    data: bytes
    """The JSON of one event, or of a whole answer."""


class EventWriter(Protocol):
    """Writes the events of one streamed reply as its client expects them."""

    def event(self, chunk: Chunk) -> bytes:
        """The server-sent event for a chunk; b"" where this client is not to see it."""

    def whole(self, completion: Completion) -> list[bytes]:
        """A whole answer as the events of a stream, for a client that asked for one; without what `end` writes."""

    def end(self) -> bytes:
        """What ends a stream that went well; b"" where its last chunk did."""

    def error(self, error: ApiError, request_id: str, document: bytes | None) -> bytes:
        """What ends a stream that failed. `document` is the error as the upstream put it, in this format."""


class WireFormat(Protocol):
    """Stateless; one instance serves all calls."""

    name: str
    """As it stands in configuration and metrics: `chat`, `responses`, `messages`, `embeddings`, `completions`."""

    path: str
    """The route below `/v1/`, without slashes at its ends."""

    operation: str
    """What a call is named in its trace: `chat`, `embeddings`, `text_completion`."""

    chained: bool
    """Whether calls pass the agent's chain."""

    ping: bytes
    """The event that keeps a silent stream open."""

    key_header: str
    """The header that carries a provider's key: `authorization` (as a bearer token) or `x-api-key`."""

    defaults: Mapping[str, str]
    """Headers that providers of this API insist on, where the client sends none of its own."""

    request_id: bytes
    """The header in which clients of this API look for the id of their request."""

    def read_request(self, body: bytes) -> WireRequest:
        """Raises `BadRequest` naming the field that is wrong."""

    def read_chunk(self, data: bytes) -> Chunk:
        """One event of an upstream's stream in this format. Raises `UpstreamBroke` where it is an error."""

    def read_whole(self, body: bytes) -> Chunk:
        """A whole answer in this format."""

    def is_answer(self, body: bytes) -> bool:
        """Whether a JSON object that came with a status of success can be one: a quick look, not a validation."""

    def writer(self, request: ChatRequest) -> EventWriter:
        """A writer for the one reply to `request`."""

    def error(self, error: ApiError, request_id: str) -> bytes:
        """The document that tells a client of `error`."""
