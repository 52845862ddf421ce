"""Token counts as chat, text completions and embeddings write them, and streams without those nobody asked for."""

from typing import Final

import msgspec

from proxy.wire import document
from records import Usage

_TOKEN_BITS: Final = 40
_NULL: Final = msgspec.Raw(b"null")
_NOTHING: Final = (b"null", b"[]")


class TokenDetails(msgspec.Struct):
    cached_tokens: int | None = 0
    reasoning_tokens: int | None = 0


_NO_DETAILS: Final = TokenDetails()


class TokenCounts(msgspec.Struct):
    """The `usage` of an answer. Decode it leniently: some providers write numbers as text."""

    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: TokenDetails | None = None
    completion_tokens_details: TokenDetails | None = None

    def as_usage(self) -> Usage | None:
        """None for counts that are negative, or more than any model reads: they would reach limits and bills."""
        read, written = self.prompt_tokens or 0, self.completion_tokens or 0
        cached = (self.prompt_tokens_details or _NO_DETAILS).cached_tokens or 0
        thought = (self.completion_tokens_details or _NO_DETAILS).reasoning_tokens or 0
        if (read | written | cached | thought) >> _TOKEN_BITS:
            return None
        return Usage(read, written, cached, thought)


class _Carrying(msgspec.Struct):
    choices: msgspec.Raw = _NULL
    usage: msgspec.Raw = _NULL


_CARRYING: Final = msgspec.json.Decoder(_Carrying)


def without_usage(data: bytes) -> bytes:
    """An event for a client that did not ask for usage; b"" where usage is all it carries."""
    if b'"usage"' not in data:
        return data
    for nothing in (b',"usage":null', b', "usage": null'):
        if nothing in data:
            return data.replace(nothing, b"")
    try:
        carried = _CARRYING.decode(data)
        if bytes(carried.usage) == b"null":
            return data
        if bytes(carried.choices) in _NOTHING:
            return b""
        fields = document.fields_of(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data
    del fields["usage"]
    return msgspec.json.encode(fields)
