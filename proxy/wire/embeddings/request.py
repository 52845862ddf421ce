"""An embeddings request: the client's own document, of which only the model's name is ever edited."""

from collections.abc import Mapping
from typing import Final, NoReturn, Self

import msgspec

from proxy.wire import document
from proxy.wire.inputs import Inputs, InputsHead, InputsRequest, checked
from records import JsonValue


class _Head(InputsHead, kw_only=True):
    input: Inputs


_HEAD: Final = msgspec.json.Decoder(_Head)


class EmbeddingsRequest(InputsRequest):
    """A request as the client wrote it."""

    api = "embeddings"

    __slots__ = ()

    @classmethod
    def read(cls, body: bytes) -> Self:
        head: _Head = document.read(body, _HEAD)
        return cls(body, head, checked(head.input, "input"))

    @property
    def stream(self) -> bool:
        return False

    @property
    def max_tokens(self) -> int | None:
        return None

    def with_sampling(self, sampling: Mapping[str, JsonValue]) -> Self:
        """Itself: nothing is sampled."""
        return self

    def answer(self, text: str, finish_reason: str = "stop") -> NoReturn:
        raise TypeError("embeddings are vectors, and no text answers a call for them")
