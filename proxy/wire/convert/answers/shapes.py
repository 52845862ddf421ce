"""Documents read into the shapes we know; what is of a kind we do not know may have any shape."""

from collections.abc import Container
from typing import Final, TypeVar

import msgspec

T = TypeVar("T")


class _Typed(msgspec.Struct):
    type: str = ""


_TYPED: Final = msgspec.json.Decoder(_Typed)


def read(decoder: "msgspec.json.Decoder[T]", data: bytes | msgspec.Raw, known: Container[str]) -> T | None:
    """None for what is not of the shape, where its `type` is none of those known."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        if _TYPED.decode(data).type in known:
            raise
        return None


def kind_of(data: bytes | msgspec.Raw) -> str:
    return _TYPED.decode(data).type
