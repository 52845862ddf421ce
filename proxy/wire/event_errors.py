"""Errors among the events of a stream, as OpenAI-style providers send them: `error` in place of `choices`."""

import orjson

from proxy.errors import UpstreamBroke


def without_error(data: bytes) -> bytes:
    """The data of an event, which is a JSON object and no error. Raises `UpstreamBroke` where it is not."""
    if not (data[:1] == b"{" and data[-1:] == b"}"):
        data = data.strip()
        if not (data[:1] == b"{" and data[-1:] == b"}"):
            raise UpstreamBroke("the upstream sent an event that is no JSON object")
    if b'"error"' in data and (data.startswith(b'{"error"') or b'"choices"' not in data):
        error = orjson.loads(data).get("error")
        if isinstance(error, dict):
            raise UpstreamBroke(str(error.get("message") or "the upstream sent an error in its stream"), data)
        if error:
            raise UpstreamBroke(str(error))
    return data
