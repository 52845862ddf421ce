"""Errors among the events of a stream, as OpenAI-style providers send them: `error` in place of `choices`."""

import orjson

from proxy.errors import UpstreamBroke


def json_object(data: bytes) -> bytes:
    """The data of an event without what stands around its JSON object. Raises `UpstreamBroke` where it holds none."""
    if data[:1] == b"{" and data[-1:] == b"}":
        return data
    data = data.strip()
    if not (data[:1] == b"{" and data[-1:] == b"}"):
        raise UpstreamBroke("the upstream sent an event that is no JSON object")
    return data


def without_error(data: bytes) -> bytes:
    """The data of an event, which is a JSON object and no error. Raises `UpstreamBroke` where it is not."""
    data = json_object(data)
    if b'"error"' in data and (data.startswith(b'{"error"') or b'"choices"' not in data):
        error = orjson.loads(data).get("error")
        if isinstance(error, dict):
            raise UpstreamBroke(str(error.get("message") or "the upstream sent an error in its stream"), data)
        if error:
            raise UpstreamBroke(str(error))
    return data
