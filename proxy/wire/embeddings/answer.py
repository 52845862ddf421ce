"""An embeddings answer: always whole, and kept on record without its vectors."""

import binascii
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from middleware.messages import Chunk, Completion
from proxy.wire.unchained import Unsaid, UnsaidChunk
from proxy.wire.usage import TokenCounts
from records import Usage

_Fields: TypeAlias = dict[str, msgspec.Raw]

_FIELDS: Final = msgspec.json.Decoder(_Fields)
_ITEMS: Final = msgspec.json.Decoder(list[_Fields])
_TEXT: Final = msgspec.json.Decoder(str | None)
_COUNTS: Final = msgspec.json.Decoder(TokenCounts | None, strict=False)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_dumps: Final = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")
_FLOAT_BYTES: Final = 4
_LARGEST_KEPT: Final = 64 * 1024
"""Bytes of an answer of another shape than the documented that are kept."""


class EmbeddingsChunk(UnsaidChunk):
    """A whole answer; there are no streams of embeddings."""

    __slots__ = ()

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Completion:
        assert isinstance(chunks[0], EmbeddingsChunk)
        return EmbeddingsCompletion(chunks[0].data)


class EmbeddingsCompletion(Unsaid):
    """A list of embeddings as the provider wrote it. Vectors may be megabytes, so none is ever decoded."""

    __slots__ = ("_fields",)

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._fields: _Fields | None = None

    @property
    def kept(self) -> bytes:
        """The document with how many numbers each vector has in place of the vector."""
        fields = self._read
        try:
            items = _ITEMS.decode(fields["data"])
        except (KeyError, *_UNREADABLE):
            return self._body if len(self._body) <= _LARGEST_KEPT else _dumps({"bytes": len(self._body)})
        for item in items:
            if "embedding" in item:
                item["embedding"] = _measured(item["embedding"])
        return _dumps({**fields, "data": items})

    @property
    def id(self) -> str | None:
        return None

    @property
    def model(self) -> str | None:
        try:
            found: str | None = _TEXT.decode(self._read.get("model", _NULL))
        except _UNREADABLE:
            return None
        return found

    @property
    def usage(self) -> Usage | None:
        try:
            counts = _COUNTS.decode(self._read.get("usage", _NULL))
        except _UNREADABLE:
            return None
        return counts.as_usage() if counts is not None else None

    def chunk(self) -> EmbeddingsChunk:
        return EmbeddingsChunk(self._body)

    @property
    def _read(self) -> _Fields:
        if self._fields is None:
            try:
                self._fields = _FIELDS.decode(self._body)
            except _UNREADABLE:
                self._fields = {}
        return self._fields


def _measured(vector: msgspec.Raw) -> msgspec.Raw:
    """How long a vector is: a list of numbers, or 32-bit floats in base64. Anything else is kept as it is."""
    written = bytes(vector)
    if written[:1] == b"[":
        found = written.count(b",") + 1 if written[1:-1].strip() else 0
    elif written[:1] == b'"':
        text = _TEXT.decode(written) if b"\\" in written else written[1:-1]
        try:
            found = len(binascii.a2b_base64(text or b"")) // _FLOAT_BYTES
        except (binascii.Error, ValueError):
            return vector
    else:
        return vector
    return msgspec.Raw(_dumps({"dimensions": found}))
