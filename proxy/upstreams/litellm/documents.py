"""A client's document as keyword arguments: litellm takes its own controls (where to call, with which key) by the same
way, so fields are let through by name."""

from collections.abc import Set as AbstractSet

import orjson

from proxy.errors import BadRequest
from records import JsonValue


def fields_for(body: bytes, provider: str, known: AbstractSet[str]) -> dict[str, JsonValue]:
    """The fields that are set, without `model`. Raises `BadRequest` for one that is not `known`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(
            f"provider {provider!r} is reached through litellm, which cannot be given this body: {error.msg}",
            code="unsupported_parameter",
        ) from None
    document.pop("model", None)
    for name in document:
        if name not in known:
            raise BadRequest(
                f"provider {provider!r} is reached through litellm, which is not given {name!r}; leave it out",
                param=name,
                code="unsupported_parameter",
            )
    return {name: value for name, value in document.items() if value is not None}
