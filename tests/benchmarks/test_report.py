"""The report: verdicts on known figures, and prose that survives it."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.goals import GOALS, Goal
from benchmarks.report import BEGIN, END, between, number, write
from benchmarks.results import Results
from benchmarks.stats import Spread, Turn


def found() -> Results:
    """Two rounds, the second on a machine half as fast."""
    results = Results("a machine", seconds=120)
    for turn, slow in ((Turn(0, 0), 1.0), (Turn(1, 0), 2.0)):
        results.add(turn, "direct", {"p50_ms": 1.0 * slow, "events_per_s": 10_000})
        results.add(turn, "floor", {"cpu_us_8": 200 * slow, "p50_ms": 2.0 * slow, "cold_s": 0.4})
        results.add(
            turn, "default", {"cpu_us_8": 340 * slow, "p50_ms": 2.5 * slow, "events_per_s": 8_000, "cold_s": 0.9}
        )
        results.add(turn, "default", {"chat_call_us": 500 * slow, "responses_call_us": 550 * slow})
        results.add(turn, "default", {"messages_event_us": 20 * slow, "messages_converted_event_us": 50 * slow})
        results.add(turn, "noop", {"cpu_us_8": 350 * slow})
        results.add(turn, "litellm", {"cpu_us_8": 13_600 * slow})
    return results


def measured(what: str) -> tuple[float | None, str]:
    goal = next(goal for goal in GOALS if goal.what == what)
    spread = goal.found(found())
    return spread.middle if spread else None, goal.verdict(spread)


def test_goals_are_judged_by_the_median_of_ratios_within_turns() -> None:
    assert measured("CPU per call at 8 connections, default chain") == (1.7, "met")
    assert measured("CPU per call at 8 connections, one more step") == (0.05, "met")
    assert measured("CPU per call at 8 connections, LiteLLM over the default chain") == (40, "met, and the stretch")
    assert measured("time added to a call, p50 at 20/s") == (1.5, "met, and the stretch")
    assert measured("events of 100 streams, of direct") == (0.8, "missed")
    assert measured("CPU per call, Responses") == (1.1, "met, and the stretch")
    assert measured("CPU per event, Messages, of a provider that speaks chat") == (2.5, "missed")
    assert measured("CPU per call at 32 connections, default chain") == (None, "not measured")


def test_a_bound_itself_is_still_kept() -> None:
    goal = Goal("cost", lambda results: None, goal=2.0, stretch=1.5)
    assert goal.verdict(Spread(2.0, 1.0, 3.0)) == "met"
    assert goal.verdict(Spread(2.01, 1.0, 3.0)) == "missed"


def test_results_come_back_as_they_were_saved(tmp_path: Path) -> None:
    results = found()
    results.save(tmp_path / "results.json")
    assert Results.load(tmp_path / "results.json") == results


def test_prose_around_the_marks_stays() -> None:
    assert between(f"before\n{BEGIN}\nold\n{END}\nafter\n", "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_a_page_without_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="once each"):
        between("no marks here", "new")


def test_the_page_and_the_plot_are_written_together(tmp_path: Path) -> None:
    write(found(), tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert "| CPU per call at 8 connections, default chain | ≤ 2 F | 1.5 | 1.70 (1.70–1.70) | met |" in page
    assert "| Burnish, default chain | 510 (1.70 F) |" in page
    assert "| Responses | 825 (1.10 chat) | – | – |" in page
    assert "| Messages, of a provider that speaks chat | – | 75.0 (2.50 native) | – |" in page
    ElementTree.parse(tmp_path / "benchmarks.svg")


def test_numbers_keep_three_digits() -> None:
    assert [number(value) for value in (12345.6, 123.4, 12.34, 1.234, 0.05)] == [
        "12,346",
        "123",
        "12.3",
        "1.23",
        "0.05",
    ]
