"""What a request adds to the conversation it goes on from, to be kept where its provider keeps nothing."""

import msgspec

from proxy.wire import document
from proxy.wire.responses.raw import NULL, encode


def items_of(body: bytes) -> bytes:
    """The items of a request's input, as a JSON list: a text is what a user said."""
    given = bytes(document.fields_of(body).get("input", NULL))
    if given.startswith(b"["):
        return given
    if given.startswith(b'"'):
        return encode([{"type": "message", "role": "user", "content": msgspec.Raw(given)}])
    return b"[]"
