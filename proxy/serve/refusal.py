"""HTTP as a connection writes it where no call was made of a request: an error, or the request without its upgrade."""

import os
from collections.abc import Sequence
from http import HTTPStatus

from proxy.edge.call import own_headers
from proxy.errors import ApiError
from proxy.wire.chat import ChatFormat


def written(error: ApiError) -> bytes:
    """The whole response; the connection ends with it. In OpenAI's shape, as nobody knows what the client speaks."""
    run_id = os.urandom(16).hex()
    format = ChatFormat()
    body = format.error(error, run_id)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        *own_headers(run_id, format),
    ]
    return b"HTTP/1.1 %d %b\r\n%b\r\n\r\n%b" % (
        error.status,
        HTTPStatus(error.status).phrase.encode(),
        b"\r\n".join(name + b": " + value for name, value in headers),
        body,
    )


def without_upgrade(method: bytes, target: bytes, version: str, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The head of the same request, whose Connection header does not speak of an upgrade."""
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    for name, value in headers:
        if name == b"connection":
            tokens = [token for token in value.split(b",") if token.strip().lower() != b"upgrade"]
            lines.append(name + b": " + b",".join(tokens))
        else:
            lines.append(name + b": " + value)
    return b"\r\n".join([*lines, b"", b""])
