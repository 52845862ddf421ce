"""Durations and sizes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.units import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("500ms", 0.5),
        ("30m", 1800),
        ("2h", 7200),
        ("7d", 604_800),
        ("1h30m", 5400),
        ("0.5s", 0.5),
        ("0", 0),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "15", "1.5", "s", "-1s", "1 s", "1w", "1s,", "inf s", "1s\n2s", "١s", "9" * 400 + "s"]
)
def test_anything_else_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration with its unit, such as 15s"):
        parse_duration(text)


@given(milliseconds=st.integers(min_value=0, max_value=10**10))
def test_a_duration_survives_being_written_and_read(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h", "d"])), min_size=1, max_size=4))
def test_the_parts_of_a_duration_add_up(parts: list[tuple[int, str]]) -> None:
    whole = parse_duration("".join(f"{number}{unit}" for number, unit in parts))
    assert whole == pytest.approx(sum(parse_duration(f"{number}{unit}") for number, unit in parts))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("32MiB", 33_554_432),
        ("4KiB", 4096),
        ("10MB", 10_000_000),
        ("1kB", 1000),
        ("1KB", 1000),
        ("7", 7),
        ("1.5GiB", 1_610_612_736),
        ("8 B", 8),
    ],
)
def test_a_size_is_a_number_of_bytes_or_one_with_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1B", "1 mib", "1K", "1e3", "32MiB ", "1MiB\n", "9" * 400 + "B"])
def test_anything_else_is_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size such as 32MiB"):
        parse_size(text)


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_a_size_survives_being_written_and_read(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.integers(min_value=0, max_value=10**6), st.sampled_from([("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)]))
def test_binary_units_are_powers_of_two(number: int, unit: tuple[str, int]) -> None:
    assert parse_size(f"{number}{unit[0]}") == number << unit[1]


@given(st.text())
def test_no_text_breaks_the_readers(text: str) -> None:
    for parse in (parse_duration, parse_size):
        with suppress(ValueError):
            assert parse(text) >= 0
