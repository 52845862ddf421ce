"""A round number, or a round date, between two that were seen: what people would have drawn the line at."""

import math
from datetime import date
from typing import Final

_YEARS: Final = (100, 50, 10, 5, 1)


def round_date(low: int, high: int) -> int:
    """After `low` and at `high` at the latest, all as ordinals: the roundest year's first day, else a month's."""
    first, last = date.fromordinal(low + 1), date.fromordinal(high)
    for step in _YEARS:
        year = -(-first.year // step) * step
        for each in (year, year + step):
            if first <= date(max(1, min(each, 9999)), 1, 1) <= last:
                return date(each, 1, 1).toordinal()
    month = date(first.year + first.month // 12, first.month % 12 + 1, 1) if first.day > 1 else first
    return month.toordinal() if month <= last else high


def round_number(low: float, high: float, *, high_too: bool) -> float:
    """Between the two, `high` or else `low` among the choice: the number with the fewest digits."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return high if high_too else low
    exponent = math.ceil(math.log10(max(abs(low), abs(high), 1e-300))) + 1
    for power in range(exponent, exponent - 18, -1):
        step = 10.0**power
        found = (math.floor(low / step) + 1) * step if high_too else (math.ceil(high / step) - 1) * step
        found = round(found, max(0, -power))
        if (low < found <= high) if high_too else (low <= found < high):
            return found
    return high if high_too else low
