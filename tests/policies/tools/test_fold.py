"""Folding calls of tools: who is blamed, when a breaker opens and closes, and that all of it can be kept and redone."""

from collections.abc import Mapping, Sequence
from random import Random

import msgspec
import pytest

from benchmarks.tools.worlds import TOOLS
from policies.tools.fold import OTHER_SHAPES, fold
from policies.tools.outcome import ToolOutcome
from policies.tools.settings import BreakerSettings
from policies.tools.state import Called, Change, ToolsState

SECOND = 10**9
SETTINGS = BreakerSettings()


OUTCOMES: Mapping[str, ToolOutcome] = {
    ".": "ok",
    "0": "empty",
    "?": "caller_error",
    "x": "tool_error",
    "t": "timeout",
}


def calls(tool: str, outcomes: str, start: int = 0) -> list[Called]:
    """One a second from `start`, a character each."""
    return [Called(tool, OUTCOMES[each], (start + number) * SECOND) for number, each in enumerate(outcomes)]


def folded(given: Sequence[Called], settings: BreakerSettings = SETTINGS) -> tuple[ToolsState, list[str]]:
    state, changes = fold(settings, ToolsState(), sorted(given, key=lambda call: call.at_ns))
    return state, [_told(change) for change in changes]


def _told(change: Change) -> str:
    return f"{change.tool or 'all'} {change.what} at {change.at_ns // SECOND}"


def state_of(state: ToolsState, tool: str, at: int) -> str:
    return state.tools[tool].breaker.state(at * SECOND)


def test_five_failures_in_a_row_open_a_tool_that_seldom_fails() -> None:
    state, changes = folded(calls("f", "xtxxt"))
    assert changes == ["f opened at 4"]
    assert [state_of(state, "f", at) for at in (4, 33, 34)] == ["open", "open", "half_open"]
    assert state.tools["f"].breaker.why == "5 failures in a row, where 5% are usual"


def test_what_the_model_did_wrong_neither_counts_nor_breaks_the_row() -> None:
    _, changes = folded(calls("f", "?" * 50))
    assert changes == []
    _, changes = folded(calls("f", "x?" * 4 + "x"))
    assert changes == ["f opened at 8"]


def test_finding_nothing_is_an_answer() -> None:
    assert folded(calls("f", "0" * 100))[1] == []


def test_a_tool_that_often_fails_needs_a_longer_row() -> None:
    before = calls("f", "x....." * 60)
    assert folded([*before, *calls("f", "x" * 5, start=360)])[1] == []
    assert folded([*before, *calls("f", "x" * 6, start=360)])[1] == ["f opened at 365"]


def test_a_tool_that_fails_half_of_the_time_is_found_without_any_row() -> None:
    _, changes = folded(calls("f", "x." * 100))
    assert changes[0].startswith("f opened at ")
    assert int(changes[0].split()[-1]) < 60


def test_a_tool_that_fails_as_often_as_is_tolerated_stays_closed() -> None:
    _, changes = folded(calls("f", "x...." * 400))
    assert changes == []


def test_trials_that_work_close_it_and_one_that_fails_doubles_the_wait() -> None:
    broken = calls("f", "x" * 5)
    assert folded([*broken, *calls("f", "." * 5, start=34)])[1] == ["f opened at 4", "f closed at 38"]
    state, changes = folded([*broken, *calls("f", ".t", start=34)])
    assert changes == ["f opened at 4", "f reopened at 35"]
    # Two that worked outweigh one that failed.
    assert folded([*broken, *calls("f", "..x.....", start=34)])[1] == ["f opened at 4", "f closed at 41"]
    assert [state_of(state, "f", at) for at in (94, 95)] == ["open", "half_open"]


def test_the_wait_does_not_grow_without_end() -> None:
    hourly = [call for hour in range(1, 100) for call in calls("f", "x", start=3_600 * hour)]
    state, _ = folded([*calls("f", "x" * 5), *hourly])
    assert state.tools["f"].breaker.cooldown == SETTINGS.longest_cooldown


def test_calls_that_end_while_it_is_open_decide_nothing() -> None:
    late = calls("f", "." * 10, start=5)
    state, changes = folded([*calls("f", "x" * 5), *late])
    assert changes == ["f opened at 4"]
    assert state.tools["f"].figures.calls == 15


def test_no_tool_is_blamed_while_all_fail() -> None:
    tools = "abcd"
    down = [call for tool in tools for call in calls(tool, "x" * 60)]
    state, changes = folded(down)
    assert len(changes) == 1
    assert changes[0].startswith("all systemic at ")
    up = [call for tool in tools for call in calls(tool, "." * 5, start=60)]
    state, changes = folded([*down, *up])
    assert changes[1].startswith("all systemic over at 6")
    assert state.systemic is None
    assert {state_of(state, tool, 99) for tool in tools} == {"closed"}
    # What went before does not make one more failure suspicious.
    assert folded([*down, *up, *calls("a", "x" * 4, start=65)])[1] == changes


def test_failures_of_everybody_do_not_count_against_a_tool() -> None:
    down = [call for tool in "abcd" for call in calls(tool, "x" * 500)]
    state, _ = folded(down)
    assert all(tool.figures.outcomes == {"tool_error": 500} for tool in state.tools.values())
    assert all(tool.figures.reliability.seen < 10 for tool in state.tools.values())


def test_a_tool_that_stays_broken_after_all_failed_is_found() -> None:
    down = [call for tool in "abcd" for call in calls(tool, "x" * 20)]
    up = [call for tool in "bcd" for call in calls(tool, "." * 20, start=20)]
    _, changes = folded([*down, *up, *calls("a", "x" * 20, start=20)])
    assert [change.rsplit(" ", 1)[0] for change in changes] == [
        "all systemic at",
        "all systemic over at",
        "a opened at",
    ]


def test_two_of_many_that_break_at_once_are_both_blamed() -> None:
    fine = [call for tool in "cdefgh" for call in calls(tool, "." * 20)]
    _, changes = folded([*calls("a", "x" * 20), *calls("b", "x" * 20), *fine])
    assert sorted(changes) == ["a opened at 4", "b opened at 4"]


def test_a_tool_that_nobody_called_meanwhile_vouches_for_nothing() -> None:
    before = calls("b", "x" * 3)
    _, changes = folded([*before, *calls("a", "x" * 5, start=100)])
    assert changes == ["a opened at 104"]


def test_each_shape_of_arguments_has_figures_of_its_own() -> None:
    state, _ = fold(
        SETTINGS,
        ToolsState(),
        [
            Called("f", "ok", 1, seconds=0.1, shape="date: date"),
            Called("f", "caller_error", 2, seconds=0.2, shape="date: slashed date"),
            Called("f", "ok", 3, shape="date: date"),
        ],
    )
    tool = state.tools["f"]
    assert {shape: figures.outcomes for shape, figures in tool.shapes.items()} == {
        "date: date": {"ok": 2},
        "date: slashed date": {"caller_error": 1},
    }
    assert (tool.figures.calls, tool.figures.latency.calls, tool.figures.last_ns) == (3, 2, 3)


def shaped(shape: str, outcomes: str, start: int = 0) -> list[Called]:
    return [msgspec.structs.replace(call, shape=shape) for call in calls("f", outcomes, start)]


def test_a_tool_that_fails_for_one_shape_of_arguments_alone_is_not_blamed() -> None:
    wrong = [call for number in range(100) for call in shaped("day: written date", "xx", start=3 * number)]
    fine = [call for number in range(100) for call in shaped("day: date", ".", start=3 * number + 2)]
    state, changes = folded([*wrong, *fine])
    assert changes == []
    assert state.tools["f"].figures.reliability.failing > 0.6


def test_a_tool_that_fails_for_all_shapes_is_blamed_whatever_each_did_before() -> None:
    fine = [*shaped("a", "." * 100), *shaped("b", "." * 20, start=100)]
    _, changes = folded([*fine, *shaped("b", "x" * 3, start=120), *shaped("a", "x" * 5, start=123)])
    assert [change.rsplit(" ", 1)[0] for change in changes] == ["f opened at"]


def test_what_is_kept_has_a_bound() -> None:
    many = [Called(f"tool {n}", "ok", n, shape="x") for n in range(600)]
    shapes = [Called("tool 0", "ok", n, shape=f"shape {n}") for n in range(100)]
    state, _ = fold(SETTINGS, ToolsState(), [*many, *shapes])
    assert len(state.tools) == 500
    assert len(state.tools["tool 0"].shapes) == 31
    assert state.tools["tool 0"].shapes[OTHER_SHAPES].calls == 71


def test_folding_in_parts_is_folding_at_once_and_survives_being_kept() -> None:
    given = list(TOOLS.calls(Random(4)))[::7][:6_000]
    whole, changes = fold(SETTINGS, ToolsState(), given)
    state = ToolsState()
    found: list[Change] = []
    for start in range(0, len(given), 501):
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=ToolsState)
        before = msgspec.msgpack.encode(state)
        after, changed = fold(SETTINGS, state, given[start : start + 501])
        assert msgspec.msgpack.encode(state) == before
        state, found = after, [*found, *changed]
    assert state == whole
    assert found == changes


@pytest.mark.parametrize(
    "wrong",
    [
        {"tolerated": 0.5, "broken": 0.5},
        {"tolerated": 0.0},
        {"in_a_row": 0},
        {"trials": 0},
        {"cooldown": 0.0},
        {"cooldown": 700.0},
        {"between_false": 1.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BreakerSettings(**wrong)  # type: ignore[arg-type]  # As YAML would give them.
