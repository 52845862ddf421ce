"""A whole chat completion as the chunks of a stream that says the same: the reverse of `join`.

Only what a stream says in another way is taken apart; the rest keeps its bytes.
"""

from typing import Final, TypeAlias

import msgspec

from proxy.errors import UpstreamBroke

_Fields: TypeAlias = dict[str, msgspec.Raw]

_FIELDS: Final = msgspec.json.Decoder(_Fields)
_LIST: Final = msgspec.json.Decoder(list[_Fields])
_dumps: Final = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")
_ZERO: Final = msgspec.Raw(b"0")


def split_completion(body: bytes, *, usage: bool) -> list[bytes]:
    """Chunks: for each choice all it says, then why it ends; and the `usage`, if it is wanted.

    Raises `UpstreamBroke` for a document that has no choices.
    """
    try:
        whole = _FIELDS.decode(body)
        choices = _LIST.decode(whole.pop("choices"))
        found = whole.pop("usage", _NULL)
        whole["object"] = msgspec.Raw(b'"chat.completion.chunk"')
        chunks = [_chunk(whole, choice) for each in choices for choice in _said_and_ended(each)]
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UpstreamBroke("the upstream answered with a document that is no chat completion") from None
    if usage and bytes(found) != b"null":
        chunks.append(_dumps({**whole, "choices": [], "usage": found}))
    return chunks


def _chunk(head: _Fields, choice: _Fields) -> bytes:
    return _dumps({**head, "choices": [choice]})


def _said_and_ended(choice: _Fields) -> tuple[_Fields, _Fields]:
    message, finish_reason = choice.pop("message", _NULL), choice.pop("finish_reason", _NULL)
    said = {} if bytes(message) == b"null" else _FIELDS.decode(message)
    if bytes(calls := said.get("tool_calls", _NULL)) != b"null":
        numbered = [{"index": msgspec.Raw(b"%d" % n), **call} for n, call in enumerate(_LIST.decode(calls))]
        said["tool_calls"] = msgspec.Raw(_dumps(numbered))
    ending = {"index": choice.get("index", _ZERO), "delta": msgspec.Raw(b"{}"), "finish_reason": finish_reason}
    return {**choice, "delta": msgspec.Raw(_dumps(said)), "finish_reason": _NULL}, ending
