"""Times, durations, money and people's words as the terminal shows them."""

import pytest

from burnish.commands.wording import count, duration, moment, money, one_line, printable, shortened, size, timestamp

US, MS, S = 1_000, 1_000_000, 1_000_000_000


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0 s"),
        (420 * US, "420 µs"),
        (999_499, "999 µs"),
        (999_500, "1.00 ms"),
        (12_345_678, "12.3 ms"),
        (1_250 * MS, "1.25 s"),
        (59_949 * MS, "59.9 s"),
        (59_950 * MS, "1m 00s"),
        (125 * S, "2m 05s"),
        (7_320 * S, "2h 02m"),
        (-2_100 * MS, "-2.10 s"),
    ],
)
def test_durations_have_three_digits_in_the_unit_that_suits(ns: int, shown: str) -> None:
    assert duration(ns) == shown


@pytest.mark.parametrize(
    ("usd", "shown"),
    [(None, ""), (0, "$0.00"), (0.0000123, "$0.000012"), (0.00042, "$0.00042"), (0.999, "$1.00"), (12.345, "$12.35")],
)
def test_money_has_two_digits_that_matter(usd: float | None, shown: str) -> None:
    assert money(usd) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (999, "999"), (1_340, "1.3k"), (999_960, "1.0M"), (450_000, "450k")]
)
def test_counts_are_short(number: int, shown: str) -> None:
    assert count(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 B"), (1023, "1023 B"), (3_300, "3.2 KiB"), (12 * 2**20, "12 MiB")]
)
def test_sizes_are_short(number: int, shown: str) -> None:
    assert size(number) == shown


def test_a_terminal_is_never_commanded() -> None:
    assert printable("a\x1b[31mb\x07\x9bc\u202ed\r\ne\tf") == "a\ufffd[31mb\ufffd\ufffdc\ufffdd\ne\tf"
    assert printable("Zürich 👩‍💻 東京") == "Zürich 👩‍💻 東京"


def test_one_line_says_where_it_was_cut() -> None:
    assert one_line("  a\n b\t c ", 20) == "a b c"
    assert one_line("word " * 10, 10) == "word word…"
    assert len(one_line("x" * 100, 10)) == 10


def test_shortened_says_how_much_follows() -> None:
    assert shortened("a\nb\nc", 3) == "a\nb\nc"
    assert shortened("a\nb\nc\nd", 2) == "a\nb\n… 2 more lines"


def test_a_moment_is_an_age_or_a_date() -> None:
    now = 1_700_000_000 * S
    assert moment("15m", now) == now - 900 * S
    assert moment("1h30m", now) == now - 5400 * S
    assert moment("2023-11-14T22:13:20+00:00", now) == now
    assert moment("2023-11-14T22:13:20.5Z", now) == now + S // 2
    with pytest.raises(ValueError, match="neither an age"):
        moment("15", now)


def test_a_timestamp_is_universal_time_with_milliseconds() -> None:
    assert timestamp(1_700_000_000_012_345_678) == "2023-11-14T22:13:20.012Z"
