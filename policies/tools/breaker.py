"""Opens a tool's breaker when the tool is broken, and closes it when it works again.

Two tests open it. The fast one is a row of failures so long that the tool's usual rate makes it a matter of
`between_false` calls. The other is Page's (1954): the log-likelihood of a broken tool over a tolerable one, summed up
and never below 0. Of a tool that fails as often as is tolerated that sum reaches log(n) once in n calls or less often
(Lorden 1971), however often one looks.
"""

from typing import Final

from policies.tools.settings import BreakerSettings
from policies.tools.state import Breaker, Change

_TAKEN_BACK: Final = 2
"""Trials that worked, by one that failed: as much as failures weigh more where .2 are tolerated and .5 are broken."""


def suspect(settings: BreakerSettings, breaker: Breaker, failed: bool, at_ns: int) -> str | None:
    """Takes in one call while closed; why to open it, where that is due."""
    if not failed:
        breaker.row = 0
    else:
        if not breaker.row:
            breaker.before_row = breaker.usual.failing
        breaker.row += 1
    breaker.usual = breaker.usual.after(failed)
    if not breaker.suspicion:
        breaker.suspected_ns = at_ns
    grown = breaker.suspicion + (settings.failed if failed else settings.worked)
    breaker.suspicion = min(max(0.0, grown), settings.enough)
    if not failed:
        return None
    if breaker.row >= settings.in_a_row and breaker.before_row**breaker.row * settings.between_false <= 1:
        return f"{breaker.row} failures in a row, where {breaker.before_row:.0%} are usual"
    if breaker.suspicion >= settings.enough:
        return f"fails far more often than the {settings.tolerated:.0%} that are tolerated"
    return None


def open_it(settings: BreakerSettings, breaker: Breaker, tool: str, why: str, at_ns: int) -> Change:
    evidence = {"row": float(breaker.row), "usual": breaker.before_row, "suspicion": breaker.suspicion}
    forget(breaker)
    breaker.opened_ns = at_ns
    breaker.cooldown = settings.cooldown
    breaker.until_ns = at_ns + int(settings.cooldown * 1e9)
    breaker.why = why
    return Change(tool, "opened", at_ns, why, evidence)


def trial(settings: BreakerSettings, breaker: Breaker, tool: str, failed: bool, at_ns: int) -> Change | None:
    """Takes in one call while not closed. Before the cooldown is over calls are none of ours: they say nothing new."""
    if at_ns < breaker.until_ns:
        return None
    if failed:
        breaker.trials -= _TAKEN_BACK
        if breaker.trials >= 0:
            return None
        breaker.trials = 0
        breaker.cooldown = min(breaker.cooldown * 2, settings.longest_cooldown)
        breaker.until_ns = at_ns + int(breaker.cooldown * 1e9)
        why = f"a trial failed; the next is in {breaker.cooldown:g} s"
        return Change(tool, "reopened", at_ns, why, {"cooldown": breaker.cooldown})
    breaker.trials += 1
    if breaker.trials < settings.trials:
        return None
    seconds = (at_ns - breaker.opened_ns) / 1e9
    trials = breaker.trials
    breaker.opened_ns = breaker.until_ns = breaker.trials = 0
    breaker.cooldown, breaker.why = 0.0, ""
    forget(breaker)
    return Change(tool, "closed", at_ns, "its trials worked", {"trials": trials, "open_seconds": seconds})


def forget(breaker: Breaker) -> None:
    """Drop what suspicion there is."""
    breaker.row = 0
    breaker.suspicion = 0.0
