"""What a client wants of an answer's form, and what the answer tells of its tokens: the same in several APIs."""

from typing import Any, Final

import msgspec

from proxy.wire import document
from records import JsonValue

_ANY_OBJECT: Final[dict[str, JsonValue]] = {"type": "object"}


def schema_in(format: Any) -> JsonValue:
    """The JSON Schema of a `response_format`, a `text.format` or an `output_config.format`; None where it has none."""
    if not isinstance(format, dict):
        return None
    inner = format.get("json_schema")
    schema = (inner if isinstance(inner, dict) else format).get("schema")
    match format.get("type"):
        case "json_schema":
            return schema if isinstance(schema, dict | bool) else None
        case "json_object":
            return schema if isinstance(schema, dict) else _ANY_OBJECT
    return None


def with_field(written: bytes | msgspec.Raw | None, name: str, value: JsonValue) -> bytes:
    """An object, as JSON, with one more field, or another value of it; of its own where there was none."""
    try:
        return document.with_fields(bytes(written) if written is not None else b"{}", **{name: value})
    except msgspec.DecodeError:
        return document.with_fields(b"{}", **{name: value})


def values_at(body: bytes, *names: str) -> Any:
    """What stands below these fields of an object, one in the other; None where nothing does."""
    if f'"{names[0]}"'.encode() not in body:
        return None
    try:
        found: Any = msgspec.json.decode(document.fields_of(body).get(names[0], b"null"))
    except (msgspec.DecodeError, RecursionError):
        return None
    for name in names[1:]:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def logprobs_in(tokens: Any) -> tuple[float, ...]:
    """Those of a list of tokens; none where it is no such list."""
    listed = tokens if isinstance(tokens, list) else ()
    found = [token.get("logprob") if isinstance(token, dict) else None for token in listed]
    return tuple(float(each) for each in found if isinstance(each, int | float))


def with_usage_of(body: bytes, other: bytes) -> bytes:
    """`body` with the `usage` that `other` has, or without one."""
    usage = document.fields_of(other).get("usage")
    return document.without(body, "usage") if usage is None else document.with_fields(body, usage=bytes(usage))
