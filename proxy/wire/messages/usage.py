"""Token counts as this API writes them: what is read from the cache, or put there, is counted beside the input."""

from typing import Final

import msgspec

from records import Usage

_TOKEN_BITS: Final = 40


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = 0


class _Counts(msgspec.Struct):
    input_tokens: int | None = 0
    cache_creation_input_tokens: int | None = 0
    cache_read_input_tokens: int | None = 0
    output_tokens: int | None = 0
    output_tokens_details: _OutputDetails | None = None


_COUNTS: Final = msgspec.json.Decoder(_Counts | None, strict=False)


def read_usage(written: msgspec.Raw) -> Usage | None:
    """The input is all that the model read. What it read from the cache is `cached`; what was written to the cache is
    input at its ordinary price, for which a record has no other word.

    None for counts that are missing, negative, or more than any model reads: they would reach limits and bills.
    """
    try:
        counts = _COUNTS.decode(written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if counts is None:
        return None
    fresh, stored = counts.input_tokens or 0, counts.cache_creation_input_tokens or 0
    cached, said = counts.cache_read_input_tokens or 0, counts.output_tokens or 0
    thought = (counts.output_tokens_details.thinking_tokens or 0) if counts.output_tokens_details else 0
    if (fresh | stored | cached | said | thought) >> _TOKEN_BITS:
        return None
    return Usage(fresh + stored + cached, said, cached, thought)
