"""Times, durations, money and people's words as the terminal shows them."""

import math
import re
from datetime import UTC, datetime

from proxy.config.units import parse_duration

_NS = 1_000_000_000
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters save tab and newline, changes of direction, and halves of surrogate pairs."""


def printable(text: str) -> str:
    """The text without what a terminal would obey: no model's answer moves the cursor or turns the writing round."""
    return _OBEYED.sub("\ufffd", text.replace("\r\n", "\n"))


def one_line(text: str, length: int) -> str:
    """The beginning of the text on one line, with … where it was cut."""
    flat = re.sub(r"\s+", " ", printable(text[: length * 4])).strip()
    return flat if len(flat) <= length else f"{flat[: length - 1].rstrip()}…"


def shortened(text: str, lines: int) -> str:
    """The first lines of the text, with how many follow."""
    whole = printable(text).strip().splitlines()
    kept = "\n".join(whole[:lines])
    return kept if len(whole) <= lines else f"{kept}\n… {len(whole) - lines} more lines"


def duration(ns: int) -> str:
    """Three digits or so, in the unit that suits: `420 µs`, `12.3 ms`, `1.25 s`, `2m 05s`."""
    if ns < 0:
        return f"-{duration(-ns)}"
    if ns == 0:
        return "0 s"
    for unit, size in (("µs", 1_000), ("ms", 1_000_000)):
        if ns < 999.5 * size:
            return f"{_digits(ns / size)} {unit}"
    if ns < 59.95 * _NS:
        return f"{_digits(ns / _NS)} s"
    minutes, seconds = divmod(round(ns / _NS), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {seconds:02}s"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def money(usd: float | None) -> str:
    """US dollars to two digits that matter; nothing when the price is unknown."""
    if usd is None:
        return ""
    places = 2 if usd >= 0.995 or usd <= 0 else min(12, 1 - math.floor(math.log10(usd)))
    return f"${usd:.{places}f}"


def count(number: int) -> str:
    """`940`, `12.3k`, `4.1M`."""
    if number < 1_000:
        return str(number)
    value, unit = (number / 1_000, "k") if number < 999_950 else (number / 1_000_000, "M")
    return f"{value:.1f}{unit}" if value < 99.95 else f"{value:.0f}{unit}"


def size(number: int) -> str:
    """Bytes: `512 B`, `3.2 KiB`, `12 MiB`."""
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"


def clock(ns: int) -> str:
    """`2026-11-22 10:31:05`, this machine's time."""
    return f"{datetime.fromtimestamp(ns // _NS):%Y-%m-%d %H:%M:%S}"


def timestamp(ns: int) -> str:
    """RFC 3339 with milliseconds, in UTC."""
    return f"{datetime.fromtimestamp(ns // _NS, UTC):%Y-%m-%dT%H:%M:%S}.{ns % _NS // 1_000_000:03}Z"


def moment(text: str, now_ns: int) -> int:
    """Nanoseconds since the epoch: `15m`, `2h`, `7d` ago, or a date or time such as `2026-11-22T10:30`, local unless it
    says otherwise. Raises `ValueError` with what is expected."""
    try:
        return now_ns - int(parse_duration(text) * _NS)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither an age such as 15m, 2h or 7d nor a date such as 2026-11-22") from None
    return int(when.timestamp()) * _NS + when.microsecond * 1_000
