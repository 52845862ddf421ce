"""Folds what became of calls into what is known of the tools, and says what that changed.

Folding is pure, and folding twice is folding both at once: a state can be made again from the record.
"""

import copy
from collections.abc import Iterable
from typing import Final, NamedTuple

from policies.tools import breaker, systemic
from policies.tools.arguments import explained
from policies.tools.reliability import judged
from policies.tools.settings import BreakerSettings
from policies.tools.state import Called, Change, Figures, ToolsState, ToolState

_MOST_TOOLS: Final = 500
_MOST_SHAPES: Final = 30
OTHER_SHAPES: Final = "other shapes"


class Folded(NamedTuple):
    """`changes` in the order in which they came."""

    state: ToolsState
    changes: list[Change]


def fold(settings: BreakerSettings, state: ToolsState, calls: Iterable[Called]) -> Folded:
    """The state after these calls, given in the order of their times; `state` stays as it was."""
    folding = _Folding(settings, state)
    for call in calls:
        folding.call(call)
    return Folded(folding.state, folding.changes)


class _Folding:
    """A state being changed: each tool is copied when it is first touched."""

    def __init__(self, settings: BreakerSettings, state: ToolsState) -> None:
        self._settings = settings
        self.state = ToolsState(dict(state.tools), copy.copy(state.systemic))
        self._own: set[str] = set()
        self.changes: list[Change] = []

    def call(self, call: Called) -> None:
        tool = self._tool(call.tool)
        if tool is None:
            return
        failed = judged(call.outcome)
        blames = failed is not None and self._in_general(failed, call.at_ns)
        for figures in (tool.figures, _shaped(tool, call.shape)):
            _count(figures, call, failed if blames else None)
        if failed is not None and blames and not (failed and explained(tool, call.shape)):
            self._judge(call.tool, tool, failed, call.at_ns)

    def _in_general(self, failed: bool, at_ns: int) -> bool:
        """Whether a call says something about its own tool: not while everything fails."""
        episode = self.state.systemic
        if episode is None:
            return True
        if not systemic.goes_on(self._settings, episode, failed):
            self.state.systemic = None
            seconds = (at_ns - episode.since_ns) / 1e9
            why = "tools work again: each is judged by its own calls"
            self.changes.append(Change("", "systemic over", at_ns, why, {"seconds": seconds}))
        return False

    def _judge(self, name: str, tool: ToolState, failed: bool, at_ns: int) -> None:
        settings, held = self._settings, tool.breaker
        if held.opened_ns:
            if (change := breaker.trial(settings, held, name, failed, at_ns)) is not None:
                self.changes.append(change)
            return
        why = breaker.suspect(settings, held, failed, at_ns)
        if why is None:
            return
        if systemic.everything_fails(settings, tool, self.state.tools.values()):
            self.state.systemic = systemic.begun(at_ns)
            for other in list(self.state.tools):
                if (touched := self._tool(other)) is not None:
                    breaker.forget(touched.breaker)
            told = f"all tools fail at once, {name} among them ({why}): none is blamed"
            self.changes.append(Change("", "systemic", at_ns, told, {"tools": len(self.state.tools)}))
        else:
            self.changes.append(breaker.open_it(settings, held, name, why, at_ns))

    def _tool(self, name: str) -> ToolState | None:
        """None for one more than are kept."""
        tool = self.state.tools.get(name)
        if tool is None and len(self.state.tools) >= _MOST_TOOLS:
            return None
        if name not in self._own:
            tool = ToolState() if tool is None else copy.deepcopy(tool)
            self.state.tools[name] = tool
            self._own.add(name)
        return tool


def _shaped(tool: ToolState, shape: str) -> Figures:
    if shape not in tool.shapes and len(tool.shapes) >= _MOST_SHAPES:
        shape = OTHER_SHAPES
    return tool.shapes.setdefault(shape, Figures())


def _count(figures: Figures, call: Called, failed: bool | None) -> None:
    figures.outcomes[call.outcome] = figures.outcomes.get(call.outcome, 0) + 1
    figures.last_ns = max(figures.last_ns, call.at_ns)
    if failed is not None:
        figures.reliability = figures.reliability.after(failed)
    if call.seconds is not None:
        figures.latency.add(call.seconds)
