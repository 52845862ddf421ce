"""Reliability fades and has an interval; latencies have quantiles."""

import pytest

from policies.tools.latency import Latency
from policies.tools.reliability import MEMORY, Reliability, judged, share


def test_only_errors_and_timeouts_of_the_tool_speak_against_it() -> None:
    assert [judged(each) for each in ("tool_error", "timeout", "ok", "empty", "caller_error")] == [
        True,
        True,
        False,
        False,
        None,
    ]


def test_a_tool_that_nothing_is_known_of_fails_seldom() -> None:
    assert Reliability().failing == 0.05


def test_what_was_long_ago_counts_for_nothing() -> None:
    known = Reliability()
    for _ in range(1_000):
        known = known.after(failed=True)
    assert known.failing > 0.97
    assert known.seen == pytest.approx(MEMORY, rel=0.01)
    for _ in range(1_000):
        known = known.after(failed=False)
    assert known.failing < 0.01


def test_an_interval_holds_what_was_seen_and_narrows() -> None:
    assert share(0, 0) == (0.0, 1.0)
    # Wilson's own figures for 3 of 10, to three digits.
    assert list(share(3, 10)) == pytest.approx([0.108, 0.603], abs=5e-4)
    low, high = share(300, 1_000)
    assert 0.27 < low < 0.3 < high < 0.33


def test_the_expected_rate_lies_in_its_interval() -> None:
    for failed in (True, False):
        known = Reliability()
        for _ in range(12):
            low, high = known.interval
            assert low <= known.failing <= high
            known = known.after(failed=failed)


def test_quantiles_are_known_within_a_tenth() -> None:
    latency = Latency()
    for number in range(1, 1_001):
        latency.add(number / 100)
    for wanted in (0.5, 0.95, 0.99):
        assert latency.quantile(wanted) == pytest.approx(wanted * 10, rel=0.1)


def test_no_call_is_too_fast_or_too_slow_to_count() -> None:
    latency = Latency()
    for seconds in (0.0, -1.0, 1e9):
        latency.add(seconds)
    assert latency.calls == 3
    assert latency.quantile(0.5) == 0.001
    assert (latency.quantile(1.0) or 0) > 60_000
    assert Latency().quantile(0.5) is None
