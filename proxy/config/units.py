"""Durations and byte sizes as people write them: `15s`, `1h30m`, `32MiB`."""

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
DURATION_PATTERN = r"^([0-9]{1,15}(\.[0-9]{1,15})?(ms|s|m|h|d))+$"

_BYTES = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
SIZE_PATTERN = r"^([0-9]{1,15}(\.[0-9]{1,15})?) ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$"


def parse_duration(text: str) -> float:
    """Seconds in `15s`, `500ms`, `1h30m`, `7d`, `0`."""
    if text == "0":
        return 0.0
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError("expected a duration with its unit, such as 15s, 500ms, 30m or 7d")
    milliseconds = sum(
        float(number) * (1 if unit == "ms" else 1_000 * _SECONDS[unit]) for number, unit in _PART.findall(text)
    )
    return milliseconds / 1_000


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same duration."""
    for unit, size in _SECONDS.items():
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds * 1_000:.10g}ms" if seconds else "0s"


def parse_size(text: str) -> int:
    """Bytes in `32MiB`, `4KiB`, `10MB`, `4096`."""
    found = re.fullmatch(SIZE_PATTERN, text)
    if found is None:
        raise ValueError("expected a size such as 32MiB, 4KiB or 10MB")
    number, unit = found[1], found[3] or "B"
    return int(float(number) * _BYTES[unit] if "." in number else int(number) * _BYTES[unit])


def format_size(size: int) -> str:
    """The size in the largest binary unit that divides it."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return f"{size}B"


def _duration(value: object, info: ValidationInfo) -> object:
    """Code may pass seconds; what a person wrote needs its unit, or it is read as what it was not meant to be."""
    by_person = bool(info.context and info.context.get("written"))
    if not isinstance(value, int | float) or isinstance(value, bool):
        return parse_duration(value.strip() if isinstance(value, str) else "")
    return parse_duration(str(value)) if by_person else value


def _size(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return parse_size(value.strip() if isinstance(value, str) else "")


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["15s", "30m"]}),
]
"""Seconds, written with a unit."""

ByteSize = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(format_size, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": SIZE_PATTERN, "examples": ["32MiB", "4KiB"]},
            ]
        }
    ),
]
"""Bytes, written as a size."""
