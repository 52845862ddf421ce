"""What is played: breakers of some settings in a world, over the code that folds real calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import msgspec

from benchmarks.tools.worlds import BLACKOUT, DECLINE, HEALTHY, OUTAGE, SECOND, TOOLS, World
from policies.tools.fold import fold
from policies.tools.settings import BreakerSettings
from policies.tools.state import Called, Change, ToolsState

POINTS = 200
"""At how many ticks it is noted which breakers are closed."""


_USUAL = BreakerSettings()


@dataclass(frozen=True)
class Case:
    title: str
    world: World
    settings: BreakerSettings = _USUAL


CASES: Mapping[str, Case] = {
    "tools": Case("the six tools", TOOLS),
    "evidence": Case("the six tools, without the fast path", TOOLS, BreakerSettings(in_a_row=10**6)),
    "healthy": Case("the same tools with nothing ever wrong", HEALTHY),
}


class Game(msgspec.Struct, frozen=True):
    """What came of one seed. Calls count from the first one of a fault, the model's own errors included."""

    false_opens: int
    """Breakers that opened while nothing was wrong with their tool."""

    blackout_opens: int
    """That opened while all tools failed, the declined one aside."""

    outage: int | None
    """The call that opened the breaker of the tool that failed always."""

    decline: int | None
    noticed: int | None
    """Calls of all tools until it was noticed that all fail."""

    back: int | None
    """Ticks from the end of the outage until the tool was trusted again."""

    declined_open: float
    """The share of the decline for which the breaker was not closed."""

    not_closed: list[list[bool]]
    """By tool, at each point."""


def play(name: str, seed: int) -> Game:
    case = CASES[name]
    world = case.world
    calls = list(world.calls(Random(seed)))
    state = ToolsState()
    changes: list[Change] = []
    not_closed: list[list[bool]] = [[] for _ in world.base]
    each = len(calls) // POINTS
    for point in range(POINTS):
        state, changed = fold(case.settings, state, calls[point * each : (point + 1) * each])
        changes += changed
        for tool, known in world.names.items():
            not_closed[tool].append(state.tools[known].breaker.opened_ns > 0)
    opened = [change for change in changes if change.what == "opened"]
    outage = _calls_until(world, calls, _opened(opened, world, 2, OUTAGE.begins, OUTAGE.ends), OUTAGE.begins)
    decline = _calls_until(world, calls, _opened(opened, world, 3, DECLINE.begins, DECLINE.ends), DECLINE.begins)
    systemic = [change for change in changes if change.what == "systemic" and change.at_ns >= BLACKOUT.begins * SECOND]
    closed = [_tick(change) for change in changes if (change.what, change.tool) == ("closed", world.names[2])]
    after = not_closed[3][POINTS * DECLINE.begins // world.ticks :]
    return Game(
        false_opens=sum(not _faults(world, change) for change in opened),
        blackout_opens=sum(
            BLACKOUT.hits(0, _tick(change)) and change.tool != world.names[3]
            for change in opened
            if BLACKOUT in world.faults
        ),
        outage=outage,
        decline=decline,
        noticed=sum(BLACKOUT.begins * SECOND <= call.at_ns <= systemic[0].at_ns for call in calls)
        if systemic
        else None,
        back=next((tick - OUTAGE.ends for tick in closed if tick >= OUTAGE.ends), None),
        declined_open=sum(after) / len(after),
        not_closed=not_closed,
    )


def _tick(change: Change) -> int:
    return change.at_ns // SECOND


def _faults(world: World, change: Change) -> bool:
    return any(
        fault.hits(tool, _tick(change))
        for tool, name in world.names.items()
        if name == change.tool
        for fault in world.faults
    )


def _opened(opened: Sequence[Change], world: World, tool: int, begins: int, ends: int) -> Change | None:
    mine = (change for change in opened if change.tool == world.names[tool] and begins <= _tick(change) < ends)
    return next(mine, None)


def _calls_until(world: World, calls: Sequence[Called], change: Change | None, begins: int) -> int | None:
    """How many calls of the tool there were from that tick to the change."""
    if change is None:
        return None
    return sum(begins * SECOND <= call.at_ns <= change.at_ns for call in calls if call.tool == change.tool)
