"""Tools that fail with known probabilities, tick by tick; in each tick every tool is called once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from policies.tools.outcome import ToolOutcome
from policies.tools.state import Called

SECOND = 10**9
TICKS = 20_000
CALLER_ERRORS = 0.1


@dataclass(frozen=True)
class Fault:
    """A tool (None: all of them) fails with this probability from one tick to before another."""

    tool: int | None
    rate: float
    begins: int
    ends: int

    def hits(self, tool: int, tick: int) -> bool:
        return self.tool in (None, tool) and self.begins <= tick < self.ends


@dataclass(frozen=True)
class World:
    """Tools are counted from 0. `base` is how often each fails when nothing is wrong, `faults` what goes wrong."""

    base: Sequence[float]
    faults: Sequence[Fault] = ()
    ticks: int = TICKS

    @property
    def names(self) -> Mapping[int, str]:
        return {tool: f"tool {tool}" for tool in range(len(self.base))}

    def rate(self, tool: int, tick: int) -> float:
        return max([self.base[tool], *(fault.rate for fault in self.faults if fault.hits(tool, tick))])

    def call(self, tool: int, tick: int, random: Random) -> Called:
        """A tick is a second. One call in ten is the model's own error, whatever state the tool is in."""
        outcome: ToolOutcome = "ok"
        if random.random() < CALLER_ERRORS:
            outcome = "caller_error"
        elif random.random() < self.rate(tool, tick):
            outcome = "tool_error"
        return Called(self.names[tool], outcome, tick * SECOND)

    def calls(self, random: Random) -> Iterator[Called]:
        return (self.call(tool, tick, random) for tick in range(self.ticks) for tool in range(len(self.base)))


OUTAGE = Fault(tool=2, rate=1.0, begins=5_000, ends=5_300)
DECLINE = Fault(tool=3, rate=0.45, begins=8_000, ends=TICKS)
BLACKOUT = Fault(tool=None, rate=1.0, begins=12_000, ends=12_200)
BASE = (0.03, 0.05, 0.08, 0.05, 0.05, 0.05)

TOOLS = World(BASE, (OUTAGE, DECLINE, BLACKOUT))
HEALTHY = World(BASE)
"""The same tools with nothing ever wrong."""
