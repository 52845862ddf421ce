"""How often a tool works: a Beta posterior whose older observations count less and less.

Only tool errors and timeouts speak against a tool. That the model asked for nonsense, or that there was nothing to
find, says nothing about it: such calls are passed over.
"""

import math
from typing import Final

import msgspec

from policies.tools.outcome import ToolOutcome

MEMORY: Final = 200.0
"""Calls that count, in the long run; each earlier one counts 1/MEMORY less than the next."""
_PRIOR_GOOD: Final = 4.75
_PRIOR_BAD: Final = 0.25
"""A tool that nothing is known of fails as one in twenty calls, as sure as five calls can be."""
_Z: Final = 1.959964


def judged(outcome: ToolOutcome) -> bool | None:
    """Whether the tool failed; None where the outcome says nothing about it."""
    match outcome:
        case "tool_error" | "timeout":
            return True
        case "ok" | "empty":
            return False
        case "caller_error":
            return None


class Reliability(msgspec.Struct, array_like=True, frozen=True):
    """Calls that worked and that failed, faded."""

    good: float = 0.0
    bad: float = 0.0

    def after(self, failed: bool) -> "Reliability":
        fade = 1 - 1 / MEMORY
        return Reliability(self.good * fade + (not failed), self.bad * fade + failed)

    @property
    def failing(self) -> float:
        """The posterior mean of the rate of failures."""
        return (self.bad + _PRIOR_BAD) / (self.good + self.bad + _PRIOR_GOOD + _PRIOR_BAD)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rate of failures lies, at 95 %, by the same posterior."""
        return share(self.bad + _PRIOR_BAD, self.seen + _PRIOR_GOOD + _PRIOR_BAD)

    @property
    def seen(self) -> float:
        """How many calls it rests on."""
        return self.good + self.bad


def share(part: float, whole: float, z: float = _Z) -> tuple[float, float]:
    """Where the true rate lies that gave `part` of `whole`: Wilson's interval (1927), at 95 % unless `z` says else."""
    if whole <= 0:
        return 0.0, 1.0
    seen = part / whole
    scale = 1 + z * z / whole
    middle = (seen + z * z / (2 * whole)) / scale
    reach = z * math.sqrt(seen * (1 - seen) / whole + z * z / (4 * whole * whole)) / scale
    return max(0.0, middle - reach) if part else 0.0, min(1.0, middle + reach) if part < whole else 1.0
