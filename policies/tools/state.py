"""What is known of an agent's tools: small, free of arguments and results, and the same for the same calls in order."""

from typing import Literal, TypeAlias

import msgspec

from policies.breaker import State
from policies.tools.latency import Latency
from policies.tools.outcome import ToolOutcome
from policies.tools.reliability import Reliability


class Called(msgspec.Struct, frozen=True):
    """What became of one call of a tool. `seconds` is None where nobody timed it."""

    tool: str
    outcome: ToolOutcome
    at_ns: int
    seconds: float | None = None
    shape: str = ""


class Figures(msgspec.Struct):
    """Of a tool, or of its calls of one shape. `outcomes` counts all calls ever, by class."""

    outcomes: dict[ToolOutcome, int] = {}
    reliability: Reliability = Reliability()
    latency: Latency = msgspec.field(default_factory=Latency)
    last_ns: int = 0

    @property
    def calls(self) -> int:
        return sum(self.outcomes.values())


class Breaker(msgspec.Struct):
    """Closed while `opened_ns` is 0; open until `until_ns`; then half open, until enough trials worked."""

    opened_ns: int = 0
    until_ns: int = 0
    cooldown: float = 0.0
    trials: int = 0
    why: str = ""
    row: int = 0
    """Failures in a row while closed."""

    before_row: float = 0.0
    """The usual rate of failures when they began."""

    usual: Reliability = Reliability()
    """While closed."""

    suspicion: float = 0.0
    """Log evidence that it is broken, since `suspected_ns`."""

    suspected_ns: int = 0

    def state(self, now_ns: int) -> State:
        if not self.opened_ns:
            return "closed"
        return "open" if now_ns < self.until_ns else "half_open"


class ToolState(msgspec.Struct):
    """`shapes` are the same figures for each shape of arguments."""

    figures: Figures = msgspec.field(default_factory=Figures)
    breaker: Breaker = msgspec.field(default_factory=Breaker)
    shapes: dict[str, Figures] = {}


class Systemic(msgspec.Struct):
    """Everything fails, since then. It is over when `evidence` for it is used up."""

    since_ns: int
    evidence: float


class ToolsState(msgspec.Struct):
    """All tools that calls were seen of."""

    tools: dict[str, ToolState] = {}
    systemic: Systemic | None = None


Changed: TypeAlias = Literal["opened", "reopened", "closed", "systemic", "systemic over"]


class Change(msgspec.Struct, frozen=True):
    """What a call changed. `tool` is empty where it is about all of them; `evidence` holds what was decided from."""

    tool: str
    what: Changed
    at_ns: int
    why: str
    evidence: dict[str, float]
