"""JSON values in the shape OTLP JSON gives them."""

from collections.abc import Mapping
from typing import Any, Final

from records.run import JsonValue

_NON_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def key_values(found: Mapping[str, JsonValue]) -> list[dict[str, Any]]:
    # Strings are nearly all of them, so they do not pay for a call.
    return [
        {"key": key, "value": {"stringValue": value} if type(value) is str else any_value(value)}
        for key, value in found.items()
    ]


def any_value(value: JsonValue) -> dict[str, Any]:
    """Raises `TypeError` for what JSON has no word for."""
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        # OTLP integers have 64 bits; a larger one is kept as text rather than cut.
        return {"intValue": str(value)} if -(2**63) <= value < 2**63 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if value - value == 0 else _NON_FINITE[str(value)]}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": key_values(value)}}
    if value is None:
        return {}
    raise TypeError(f"a fact's attribute must be JSON, not {type(value).__name__}")
