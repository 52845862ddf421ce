"""Routes that take one document, name a model in it and answer with another: counting tokens, compacting.

Read as far as routing, sessions and the record need it. There is no conversation to edit, and no chain.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self, TypeAlias

import msgspec

from middleware.messages import ChatRequest, Chunk, Completion, Edits
from proxy.errors import ApiError, UpstreamBroke
from proxy.wire import document, misread, sse
from proxy.wire.format import EventWriter, WireFormat
from proxy.wire.unchained import UnchainedRequest, Unsaid, UnsaidChunk
from records import Usage

_TOKEN_BITS: Final = 40


class Head(msgspec.Struct):
    """The fields that are read."""

    model: str | None = None
    previous_response_id: Any = None
    conversation: Any = None
    safety_identifier: Any = None
    user: Any = None
    metadata: Any = None


ReadUser: TypeAlias = Callable[[Head], str | None]


class _Usage(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0


class _Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


def openai_user(head: Head) -> str | None:
    """Whom a call serves, as it is read from requests of Responses."""
    found = head.safety_identifier or head.user
    if found is None and isinstance(head.metadata, dict):
        found = head.metadata.get("user_id")
    return found if isinstance(found, str) and found else None


_HEAD: Final = msgspec.json.Decoder(Head)
_ANSWER: Final = msgspec.json.Decoder(_Answer, strict=False)


class PlainFormat:
    """One such route below the route of the API that it belongs to, `of`, whose errors and users it shares."""

    chained = False
    ping = sse.PING

    def __init__(self, name: str, path: str, of: WireFormat, user: ReadUser, *, needs_model: bool = True) -> None:
        self._user = user
        self._needs_model = needs_model
        self.name = name
        self.path = path
        self.operation = name
        self.of = of
        self.key_header = of.key_header
        self.defaults: Mapping[str, str] = of.defaults
        self.request_id = of.request_id

    def read_request(self, body: bytes) -> "PlainRequest":
        head: Head = document.read(body, _HEAD)
        if self._needs_model and head.model is None:
            raise misread.missing_field("model")
        return PlainRequest(self.name, body, head, self._user, self.of)

    def read_chunk(self, data: bytes) -> "PlainChunk":
        raise UpstreamBroke("the upstream streams where one document was asked for")

    def read_whole(self, body: bytes) -> "PlainChunk":
        return PlainChunk(body)

    def is_answer(self, body: bytes) -> bool:
        return b'"error"' not in body or b"_tokens" in body

    def writer(self, request: ChatRequest) -> EventWriter:
        return self.of.writer(request)

    def error(self, error: ApiError, request_id: str) -> bytes:
        return self.of.error(error, request_id)


class PlainRequest(UnchainedRequest):
    """A request as the client wrote it. It may go on from what its provider keeps."""

    __slots__ = ("_head", "_of", "_user", "api")

    def __init__(self, api: str, body: bytes, head: Head, user: ReadUser, of: WireFormat) -> None:
        super().__init__(body)
        self.api = api
        self._head = head
        self._user = user
        self._of = of

    @property
    def model(self) -> str:
        return self._head.model or ""

    @property
    def user(self) -> str | None:
        return self._user(self._head)

    @property
    def conversation(self) -> str | None:
        found = self._head.conversation
        found = found.get("id") if isinstance(found, dict) else found
        return found if isinstance(found, str) and found else None

    @property
    def continues(self) -> str | None:
        found = self._head.previous_response_id
        return found if isinstance(found, str) and found else None

    @property
    def bound(self) -> bool:
        return bool(self.continues or self.conversation) or b'"encrypted_content"' in self._body

    def with_model(self, model: str) -> Self:
        if model == self._head.model:
            return self
        head = msgspec.structs.replace(self._head, model=model)
        return type(self)(self.api, document.with_fields(self._body, model=model), head, self._user, self._of)

    def rewritten(self, edits: Edits) -> Self:
        """As a request of the API that it belongs to, where it can be read as one."""
        try:
            asked = self._of.read_request(self._body)
        except ApiError:
            return self
        changed = asked.rewritten(edits)
        if changed is asked:
            return self
        return type(self)(self.api, changed.body, self._head, self._user, self._of)


class PlainChunk(UnsaidChunk):
    """The whole answer."""

    __slots__ = ()

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Completion:
        assert isinstance(chunks[0], PlainChunk)
        return PlainCompletion(chunks[0].data)


class PlainCompletion(Unsaid):
    """The document the provider answered with."""

    __slots__ = ()

    @property
    def id(self) -> str | None:
        return self._read.id

    @property
    def model(self) -> str | None:
        return self._read.model

    @property
    def usage(self) -> Usage | None:
        """None for a count: nothing was generated."""
        usage = self._read.usage
        if usage is None or (usage.input_tokens | usage.output_tokens) >> _TOKEN_BITS:
            return None
        return Usage(usage.input_tokens, usage.output_tokens)

    @property
    def bound(self) -> bool:
        return b'"encrypted_content"' in self._body

    def chunk(self) -> PlainChunk:
        return PlainChunk(self._body)

    @property
    def _read(self) -> _Answer:
        try:
            return _ANSWER.decode(self._body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _Answer()
