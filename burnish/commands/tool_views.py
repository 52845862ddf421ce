"""Tools as the terminal and `--json` show them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.text import Text

from burnish.commands.columns import print_columns
from burnish.commands.wording import clock, count, duration, one_line, timestamp
from policies.breaker import State
from policies.tools.outcome import ToolOutcome
from policies.tools.state import Figures, ToolsState, ToolState

_STYLES: Final[Mapping[State, str]] = {"closed": "green", "half_open": "yellow", "open": "red"}
_CLASSES: Final[tuple[ToolOutcome, ...]] = ("ok", "empty", "caller_error", "tool_error", "timeout")
_NS: Final = 10**9


class Shown(NamedTuple):
    """What is known of an agent's tools, as of now."""

    tools: ToolsState
    now_ns: int


def print_tools(shown: Shown, console: Console, *, shapes: bool) -> None:
    """A line for each tool, those that fail first; with `shapes` a line below for each shape of arguments."""
    rows = []
    for name, tool in _ordered(shown):
        rows.append({"tool": Text(one_line(name, 40), "bold"), **_state(tool, shown.now_ns), **_cells(tool.figures)})
        for shape, figures in sorted(tool.shapes.items(), key=lambda each: -each[1].calls) if shapes else ():
            rows.append(
                {"tool": Text(f"  {one_line(shape, 60)}", "dim"), "state": Text(), "why": Text(), **_cells(figures)}
            )
    if not rows:
        console.print("No calls of tools.")
        return
    order = ("tool", "state", "calls", "fails", "interval", "caller", "timeout", "empty", "p50", "p95", "why")
    right = {"calls", "fails", "interval", "caller", "timeout", "empty", "p50", "p95"}
    print_columns([{name: row[name] for name in order} for row in rows], console, right=right)
    if (episode := shown.tools.systemic) is not None:
        console.print(Text(f"\nAll tools fail since {clock(episode.since_ns)}: none is blamed.", "yellow"))


def document(shown: Shown) -> dict[str, Any]:
    """Rates are of the latest calls, those of all tools' common failures aside; counts are of all calls."""
    return {
        "time": timestamp(shown.now_ns),
        "all_fail_since": timestamp(shown.tools.systemic.since_ns) if shown.tools.systemic else None,
        "tools": {name: _told(tool, shown.now_ns) for name, tool in _ordered(shown)},
    }


def _told(tool: ToolState, now_ns: int) -> dict[str, Any]:
    held = tool.breaker
    return {
        "state": held.state(now_ns),
        "why": held.why or None,
        "since": timestamp(held.opened_ns) if held.opened_ns else None,
        "trials_from": timestamp(held.until_ns) if held.opened_ns else None,
        **_figures(tool.figures),
        "shapes": {shape: _figures(figures) for shape, figures in tool.shapes.items()},
    }


def _figures(figures: Figures) -> dict[str, Any]:
    known = figures.reliability
    return {
        "calls": figures.calls,
        "outcomes": {name: figures.outcomes.get(name, 0) for name in _CLASSES},
        "failing": known.failing,
        "interval": list(known.interval),
        "seconds": {"p50": figures.latency.quantile(0.5), "p95": figures.latency.quantile(0.95)},
        "last": timestamp(figures.last_ns),
    }


def _ordered(shown: Shown) -> Iterator[tuple[str, ToolState]]:
    yield from sorted(
        shown.tools.tools.items(), key=lambda each: (not each[1].breaker.opened_ns, -each[1].figures.calls, each[0])
    )


def _state(tool: ToolState, now_ns: int) -> dict[str, Text]:
    held = tool.breaker
    state = held.state(now_ns)
    why = ""
    if held.opened_ns:
        left = held.until_ns - now_ns
        trials = f"trials in {duration(left)}" if left > 0 else f"{held.trials} trials worked"
        why = f"{held.why}; since {clock(held.opened_ns)}; {trials}"
    return {"state": Text(state.replace("_", " "), _STYLES[state]), "why": Text(one_line(why, 120))}


def _cells(figures: Figures) -> dict[str, Text]:
    low, high = figures.reliability.interval
    known = figures.reliability.seen > 0
    return {
        "calls": Text(count(figures.calls)),
        "fails": Text(f"{figures.reliability.failing:.1%}" if known else ""),
        "interval": Text(f"{low:.1%} to {high:.1%}" if known else "", "dim"),
        "caller": Text(_number(figures, "caller_error")),
        "timeout": Text(_number(figures, "timeout")),
        "empty": Text(_number(figures, "empty")),
        "p50": Text(_seconds(figures.latency.quantile(0.5))),
        "p95": Text(_seconds(figures.latency.quantile(0.95))),
    }


def _number(figures: Figures, outcome: ToolOutcome) -> str:
    return count(found) if (found := figures.outcomes.get(outcome, 0)) else ""


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else duration(int(seconds * _NS))
