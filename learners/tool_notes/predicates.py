"""What may be true of a call's arguments, one field at a time: there or not, of what kind, equal to, before, above."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from learners.tool_notes.calls import Tried
from learners.tool_notes.rounding import round_date, round_number
from policies.tools.shape import kind_of

Test: TypeAlias = Literal[
    "missing", "present", "kind", "not kind", "equals", "before", "from", "below", "above", "longer"
]
ORDER: Final[Mapping[Test, int]] = {
    "not kind": 0,
    "kind": 1,
    "missing": 2,
    "present": 3,
    "before": 4,
    "from": 5,
    "below": 6,
    "above": 7,
    "equals": 8,
    "longer": 9,
}
"""Where two explain the same, the one that is said first is the one to tell."""
_LEAST: Final = 3
_CUTS: Final = 32
_FINE: Final = 1_000
_VALUES: Final = 20
_SHORT: Final = 40
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


class Predicate(NamedTuple):
    """`from` is "on this day or later"; days are ordinals, as `date.toordinal` counts them."""

    field: str
    test: Test
    value: Any = None

    def holds(self, fields: Mapping[str, Any]) -> bool:
        if self.field not in fields:
            return self.test == "missing"
        given = fields[self.field]
        match self.test:
            case "missing":
                return False
            case "present":
                return True
            case "kind":
                return bool(kind_of(given) == self.value)
            case "not kind":
                return bool(kind_of(given) != self.value)
            case "equals":
                return type(given) is type(self.value) and bool(given == self.value)
            case "before" | "from":
                day = day_of(given)
                return day is not None and bool(day < self.value) == (self.test == "before")
            case "below" | "above":
                number = number_of(given)
                return number is not None and bool(number < self.value if self.test == "below" else number > self.value)
            case "longer":
                return isinstance(given, str) and bool(len(given) > self.value)


def day_of(value: Any) -> int | None:
    """Of a date or time in ISO's form."""
    if isinstance(value, str) and kind_of(value) in ("date", "time") and (found := _DATE.match(value)):
        try:
            return date(*map(int, found.groups())).toordinal()
        except ValueError:
            return None
    return None


def number_of(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None


def candidates(calls: Sequence[Tried]) -> Iterator[Predicate]:
    """All that may tell these calls apart. How many they are is part of what a find has to stand up to."""
    fields = Counter(field for call in calls for field in call.fields)
    for field, number in sorted(fields.items()):
        if _LEAST <= number <= len(calls) - 1:
            yield Predicate(field, "missing")
            yield Predicate(field, "present")
        with_it = [call for call in calls if field in call.fields]
        yield from _kinds(field, with_it)
        yield from _values(field, with_it)
        yield from _cuts(field, with_it, _CUTS)


def finer(predicate: Predicate, calls: Sequence[Tried]) -> list[Predicate]:
    """Of a predicate that draws a line: all lines that could be drawn. Empty for others."""
    field = predicate.field
    with_it = [call for call in calls if field in call.fields]
    return [each for each in _cuts(field, with_it, _FINE) if each.test == predicate.test]


def _cuts(field: str, calls: Sequence[Tried], most: int) -> Iterator[Predicate]:
    given = [call.fields[field] for call in calls]
    for first, last in _gaps([day for value in given if (day := day_of(value)) is not None], most):
        cut = round_date(int(first), int(last))
        yield Predicate(field, "before", cut)
        yield Predicate(field, "from", cut)
    for low, high in _gaps([number for value in given if (number := number_of(value)) is not None], most):
        yield Predicate(field, "below", round_number(low, high, high_too=True))
        yield Predicate(field, "above", round_number(low, high, high_too=False))
    for low, high in _gaps([len(value) for value in given if isinstance(value, str)], most):
        yield Predicate(field, "longer", int(round_number(low, high, high_too=False)))


def _kinds(field: str, calls: Sequence[Tried]) -> Iterator[Predicate]:
    kinds = Counter(kind_of(call.fields[field]) for call in calls)
    if len(kinds) < 2:
        return
    fine = Counter(kind_of(call.fields[field]) for call in calls if not call.failed)
    if fine:
        yield Predicate(field, "not kind", fine.most_common(1)[0][0])
    yield from (Predicate(field, "kind", kind) for kind, number in sorted(kinds.items()) if number >= _LEAST)


def _values(field: str, calls: Sequence[Tried]) -> Iterator[Predicate]:
    """Of fields with few values: those are names of something."""
    given = [call.fields[field] for call in calls]
    values = Counter((type(value).__name__, value) for value in given if _is_short(value))
    if 2 <= len(values) <= _VALUES:
        yield from (Predicate(field, "equals", value) for (_, value), number in values.items() if number >= _LEAST)


def _is_short(value: Any) -> bool:
    return isinstance(value, bool | int) or (isinstance(value, str) and 0 < len(value) <= _SHORT)


def _gaps(values: Sequence[float], most: int) -> list[tuple[float, float]]:
    """Neighbours among the values, evenly spread where there are many."""
    ordered = sorted(set(values))
    pairs = list(pairwise(ordered))
    if len(pairs) <= most:
        return pairs
    return [pairs[round(place * (len(pairs) - 1) / (most - 1))] for place in range(most)]
