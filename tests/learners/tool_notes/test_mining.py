"""What tells failed calls from fine ones is found where there is something, in words that people would use, and only
there."""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from math import comb
from random import Random
from typing import Any

import pytest

from learners.tool_notes.calls import Tried, fields_of
from learners.tool_notes.mining import ALPHA, Table, find, fisher
from learners.tool_notes.predicates import Predicate
from learners.tool_notes.rounding import round_date, round_number

Fields = dict[str, Any]


def tried(number: int, make: Callable[[Random], Fields], fails: Callable[[Fields], bool], seed: int = 1) -> list[Tried]:
    """Calls of as many sessions; one in twenty fails for no reason."""
    random = Random(seed)
    found = []
    for session in range(number):
        fields = make(random)
        failed = fails(fields) or random.random() < 0.05
        found.append(Tried(f"session {session}", fields, failed, "boom" if failed else ""))
    return found


def any_day(random: Random) -> date:
    return date(1970, 1, 1) + timedelta(days=random.randrange(20_000))


def found(calls: Sequence[Tried]) -> list[tuple[str, str, Any]]:
    return [tuple(finding.predicate) for finding in find(calls)]


def test_a_date_before_which_calls_fail_is_the_round_one_that_was_meant() -> None:
    calls = tried(300, lambda random: {"on": any_day(random).isoformat()}, lambda fields: fields["on"] < "2000-01-01")
    assert found(calls) == [("on", "before", date(2000, 1, 1).toordinal())]


def test_the_format_that_a_tool_wants_is_told_and_then_what_else_fails() -> None:
    def make(random: Random) -> Fields:
        day = any_day(random)
        return {"on": day.isoformat() if random.random() < 0.6 else f"{day:%m/%d/%Y}", "city": f"city {day.day}"}

    calls = tried(500, make, lambda fields: "/" in fields["on"] or fields["on"] < "2000-01-01")
    assert found(calls) == [
        ("on", "not kind", "date"),
        ("on", "before", date(2000, 1, 1).toordinal()),
    ] or found(calls) == [("on", "before", date(2000, 1, 1).toordinal()), ("on", "not kind", "date")]


@pytest.mark.parametrize(
    ("make", "fails", "expected"),
    [
        (
            lambda random: {"q": "x", **({"unit": "C"} if random.random() < 0.6 else {})},
            lambda fields: "unit" not in fields,
            ("unit", "missing", None),
        ),
        (
            lambda random: {"q": "x", **({"debug": True} if random.random() < 0.4 else {})},
            lambda fields: "debug" in fields,
            ("debug", "present", None),
        ),
        (
            lambda random: {"limit": random.randrange(1, 400)},
            lambda fields: fields["limit"] > 100,
            ("limit", "above", 100),
        ),
        (
            lambda random: {"size": random.random()},
            lambda fields: fields["size"] < 0.25,
            ("size", "below", 0.25),
        ),
        (
            lambda random: {"unit": random.choice(["metric", "imperial", "kelvin", "other"])},
            lambda fields: fields["unit"] == "kelvin",
            ("unit", "equals", "kelvin"),
        ),
        (
            lambda random: {"where": {"zip": random.choice([1234, "1234"])}},
            lambda fields: isinstance(fields["where.zip"], int),
            ("where.zip", "not kind", "number as text"),
        ),
    ],
)
def test_what_makes_calls_fail_is_found(
    make: Callable[[Random], Fields], fails: Callable[[Fields], bool], expected: tuple[str, str, Any]
) -> None:
    calls = tried(300, lambda random: fields_of(json.dumps(make(random))) or {}, fails)
    (only,) = find(calls)
    assert (only.predicate.field, only.predicate.test) == expected[:2]
    near = pytest.approx(expected[2], rel=0.05) if type(expected[2]) in (int, float) else expected[2]
    assert only.predicate.value == near
    assert only.p_value < 1e-6


def test_where_nothing_tells_them_apart_nothing_is_found() -> None:
    def make(random: Random) -> Fields:
        return {
            "on": any_day(random).isoformat(),
            "limit": random.randrange(100),
            "unit": random.choice(["a", "b", "c"]),
            **({"debug": True} if random.random() < 0.5 else {}),
        }

    def chance(fields: Fields) -> bool:
        return luck.random() < 0.6

    luck = Random(2)
    alarms = sum(bool(find(tried(120, make, chance, seed))) for seed in range(100))
    # At ALPHA each: more than five in a hundred come once in two thousand times.
    assert ALPHA == 0.01
    assert alarms <= 5


def test_one_busy_session_writes_no_notes() -> None:
    bad = [Tried("one", {"limit": 1_000 + number}, True, "boom") for number in range(100)]
    good = [Tried(f"session {number}", {"limit": number}, False) for number in range(100)]
    assert find([*bad, *good]) == []


def test_a_tool_that_fails_always_or_never_has_nothing_to_be_told() -> None:
    assert found(tried(100, lambda random: {"limit": random.randrange(9)}, lambda _: True)) == []
    assert find([Tried(str(number), {"limit": number}, False) for number in range(100)]) == []
    assert find([]) == []


@pytest.mark.parametrize("table", [Table(3, 1, 1, 3), Table(8, 2, 1, 5), Table(0, 4, 4, 0), Table(5, 0, 0, 5)])
def test_fishers_test_is_the_exact_one(table: Table) -> None:
    rows, columns = table.failed + table.fine, table.failed + table.other_failed
    total = rows + table.other_failed + table.other_fine
    exact = sum(
        comb(columns, each) * comb(total - columns, rows - each) for each in range(table.failed, min(rows, columns) + 1)
    ) / comb(total, rows)
    assert fisher(table) == pytest.approx(exact)


def test_fisher_on_the_lady_tasting_tea() -> None:
    assert fisher(Table(4, 0, 0, 4)) == pytest.approx(1 / 70)


@pytest.mark.parametrize(
    ("low", "high", "middle"),
    [
        ("1999-03-02", "2000-07-01", "2000-01-01"),
        ("1998-03-02", "2000-07-01", "2000-01-01"),
        ("1987-03-02", "1994-07-01", "1990-01-01"),
        ("2021-03-02", "2021-05-20", "2021-04-01"),
        ("2021-12-02", "2022-01-01", "2022-01-01"),
        ("2021-03-02", "2021-03-20", "2021-03-20"),
        ("2021-02-28", "2021-03-01", "2021-03-01"),
    ],
)
def test_days_are_rounded_to_what_people_would_have_meant(low: str, high: str, middle: str) -> None:
    cut = round_date(date.fromisoformat(low).toordinal(), date.fromisoformat(high).toordinal())
    assert date.fromordinal(cut).isoformat() == middle


@pytest.mark.parametrize(
    ("low", "high", "up", "down"),
    [
        (97, 104, 100, 100),
        (3, 4, 4, 3),
        (0.231, 0.27, 0.24, 0.26),
        (-7, -2, -2, -3),
        (-2, 3, 0, 0),
        (99.5, 100, 100, 99.9),
    ],
)
def test_numbers_are_rounded_within_the_gap(low: float, high: float, up: float, down: float) -> None:
    found_up, found_down = round_number(low, high, high_too=True), round_number(low, high, high_too=False)
    assert low < found_up <= high
    assert low <= found_down < high
    assert len(f"{found_up:g}") <= len(f"{up:g}")
    assert len(f"{found_down:g}") <= len(f"{down:g}")


def test_what_is_true_of_arguments() -> None:
    fields = {"on": "1999-12-31T10:00", "n": 3, "s": "abc", "none": None}
    day = date(2000, 1, 1).toordinal()
    true = [("on", "before", day), ("n", "below", 4), ("n", "above", 2), ("s", "longer", 2), ("x", "missing", None)]
    false = [
        ("on", "from", day),
        ("n", "below", 3),
        ("s", "before", day),
        ("n", "equals", 4),
        ("x", "present", None),
    ]
    assert all(Predicate(*each).holds(fields) for each in true)  # type: ignore[arg-type]  # Literals.
    assert not any(Predicate(*each).holds(fields) for each in false)  # type: ignore[arg-type]  # Literals.


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ('{"a": {"b": {"c": {"d": 1}}}, "e": [1], "f": {}}', {"a.b.c": {"d": 1}, "e": [1], "f": {}}),
        ("", {}),
        ("[1]", None),
        ("{", None),
    ],
)
def test_arguments_are_taken_apart_into_fields(arguments: str, fields: Fields | None) -> None:
    assert fields_of(arguments) == fields
