"""Facts as records: a small frozen dataclass becomes (name, version, attributes)."""

import dataclasses
import re
from functools import lru_cache
from typing import Any, Final

import msgspec

from records import Fact, JsonValue

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def as_record(fact: object) -> Fact:
    """The name is the class's, in snake case; a class attribute `version` counts its changes. Raises `TypeError`.

    A `Struct` that omits defaults has no attribute for what is None.
    """
    name, version, fields = shape_of(fact)
    attributes = {field: getattr(fact, field) for field in fields}
    if isinstance(fact, msgspec.Struct) and fact.__struct_config__.omit_defaults:
        attributes = {field: value for field, value in attributes.items() if value is not None}
    for field, value in attributes.items():
        if type(value) not in _PLAIN:
            attributes[field] = _json(value)
    return Fact(name, attributes, version)


def shape_of(fact: object) -> tuple[str, int, tuple[str, ...]]:
    """Its name, version and fields. Raises `TypeError` for what is no fact."""
    kind: Any = type(fact)
    return _shape(kind)


@lru_cache(maxsize=512)
def _shape(kind: Any) -> tuple[str, int, tuple[str, ...]]:
    if dataclasses.is_dataclass(kind):
        fields = tuple(field.name for field in dataclasses.fields(kind))
    elif issubclass(kind, msgspec.Struct):
        fields = kind.__struct_fields__
    else:
        raise TypeError(f"{kind.__name__} is not a fact: record a frozen dataclass")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower(), getattr(kind, "version", 1), fields


def _json(value: object) -> JsonValue:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple | list | set | frozenset):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    # An attribute that JSON has no word for is kept as text: the call's record may not be lost over it.
    return msgspec.to_builtins(value, str_keys=True, enc_hook=str)
