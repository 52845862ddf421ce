"""Durations and byte sizes as people write them: `15s`, `1h30m`, `32MiB`."""

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DURATION = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"

_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_SIZE = r"^\d+(\.\d+)? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$"


def parse_duration(value: object) -> float:
    """Seconds in `15s`, `500ms`, `1h30m`, `7d`; a number without a unit is refused, save 0."""
    if isinstance(value, float):
        return value
    if value in (0, "0") and not isinstance(value, bool):
        return 0.0
    if isinstance(value, str) and re.fullmatch(_DURATION, value.strip()):
        milliseconds = sum(
            float(number) * (1 if unit == "ms" else 1_000 * _SECONDS[unit]) for number, unit in _PART.findall(value)
        )
        return milliseconds / 1_000
    raise ValueError("expected a duration with its unit, such as 15s, 500ms, 30m or 7d")


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same duration."""
    for unit, size in _SECONDS.items():
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds * 1_000:.10g}ms" if seconds else "0s"


def parse_size(value: object) -> int:
    """Bytes in `32MiB`, `4KiB`, `10MB`; a bare number is bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(_SIZE, value.strip()):
        number = re.match(r"[\d.]+", value.strip())
        assert number is not None
        unit = value.strip()[number.end() :].strip() or "B"
        size = float(number[0]) if "." in number[0] else int(number[0])
        return int(size * _BYTES["kB" if unit == "KB" else unit])
    raise ValueError("expected a size such as 32MiB, 4KiB or 10MB")


def format_size(size: int) -> str:
    """The size in the largest binary unit that divides it."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return f"{size}B"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _DURATION, "examples": ["15s", "30m"]}),
]
"""Seconds, written with a unit."""

ByteSize = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": _SIZE, "examples": ["32MiB", "4KiB"]},
            ]
        }
    ),
]
"""Bytes, written as a size."""
