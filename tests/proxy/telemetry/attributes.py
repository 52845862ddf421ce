"""The attributes of protobuf spans and resources as plain values."""

from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


def value_of(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [value_of(item) for item in value.array_value.values]
        case "kvlist_value":
            return values_of(value.kvlist_value.values)
        case kind:
            return getattr(value, kind)


def values_of(attributes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    attribute: KeyValue
    for attribute in attributes:
        found[attribute.key] = value_of(attribute.value)
    return found
