"""An embeddings request: the client's own document, of which only the model's name is ever edited."""

from typing import Final, Self

import msgspec

from proxy.wire import document
from proxy.wire.inputs import Inputs, InputsHead, InputsRequest, checked


class _Head(InputsHead, kw_only=True):
    input: Inputs


_HEAD: Final = msgspec.json.Decoder(_Head)


class EmbeddingsRequest(InputsRequest):
    """A request as the client wrote it."""

    api = "embeddings"
    field = "input"

    __slots__ = ()

    @classmethod
    def read(cls, body: bytes) -> Self:
        head: _Head = document.read(body, _HEAD)
        return cls(body, head, checked(head.input, "input"))
