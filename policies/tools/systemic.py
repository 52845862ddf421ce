"""Whether everything fails at once: then the network is down, or the agent's host, and no tool is to blame.

A tool is only blamed while the others work. Of those that were called since it fell under suspicion, and whose breakers
are closed, nearly all have to be suspected too, and strongly, before the failure counts as everybody's. That needs
another tool: of an agent's only one nobody can tell.
"""

from collections.abc import Iterable
from statistics import fmean
from typing import Final

from policies.tools.settings import BreakerSettings
from policies.tools.state import Systemic, ToolState

_NEARLY_ALL: Final = 0.75
_STRONGLY: Final = 1.4
"""The mean log evidence against the others: four to one."""
_OVER: Final = 3.0
"""Log evidence that has to be refuted before it is over: some seven calls that work."""


def everything_fails(settings: BreakerSettings, suspect: ToolState, others: Iterable[ToolState]) -> bool:
    since_ns = suspect.breaker.suspected_ns
    found = [
        other.breaker.suspicion
        for other in others
        if not other.breaker.opened_ns and other.figures.last_ns >= since_ns and other is not suspect
    ]
    if not found:
        return False
    suspected = sum(suspicion >= settings.failed for suspicion in found)
    return suspected >= _NEARLY_ALL * len(found) and fmean(found) >= _STRONGLY


def begun(now_ns: int) -> Systemic:
    return Systemic(now_ns, _OVER)


def goes_on(settings: BreakerSettings, systemic: Systemic, failed: bool) -> bool:
    """Whether it does after one more call, of whichever tool."""
    systemic.evidence = min(_OVER, systemic.evidence + (settings.failed if failed else settings.worked))
    return systemic.evidence > 0
