"""Finds what tells calls that fail from calls that do not.

Each predicate is held against the calls by Fisher's exact test, one-sided, times the number of predicates that were
tried (Bonferroni): with nothing to find, something is found once in `1 / ALPHA` times at most. What is found must also
be worth a note: most calls that it holds for fail, and of the others surely fewer do.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from learners.tool_notes.calls import Tried
from learners.tool_notes.predicates import ORDER, Predicate, candidates, finer
from policies.tools.reliability import share

ALPHA: Final = 0.01
_MOST_FAIL: Final = 0.5
_SESSIONS: Final = 3
"""In which calls have to fail: one client, however busy, writes no notes."""
_NOTES: Final = 3
_LINES: Final = 100
"""That are tried around the best of those that were tried first."""


class Table(msgspec.Struct, frozen=True):
    """How many calls failed and were fine, where the predicate holds and elsewhere."""

    failed: int
    fine: int
    other_failed: int
    other_fine: int


class Finding(msgspec.Struct, frozen=True):
    """`p_value` is corrected for `tried`; `calls` are those that failed where the predicate holds."""

    predicate: Predicate
    table: Table
    p_value: float
    tried: int
    calls: Sequence[Tried]


def find(calls: Sequence[Tried], alpha: float = ALPHA) -> list[Finding]:
    """The strongest first; each explains what those before it leave unexplained."""
    left = list(calls)
    found: list[Finding] = []
    while len(found) < _NOTES and (finding := _strongest(left, alpha)) is not None:
        found.append(finding)
        left = [call for call in left if not finding.predicate.holds(call.fields)]
    return found


def _strongest(calls: Sequence[Tried], alpha: float) -> Finding | None:
    predicates = list(dict.fromkeys(candidates(calls)))
    found = _best(predicates, calls, len(predicates))
    if found is None:
        return None
    # A line may be drawn better between the few that were tried; all that there are count as tried then.
    lines = finer(found.predicate, calls)
    tried = len(predicates) + len(lines)
    found = _best([*_near(found.predicate, lines), found.predicate], calls, tried)
    return found if found is not None and found.p_value <= alpha else None


def _near(predicate: Predicate, lines: Sequence[Predicate]) -> list[Predicate]:
    ordered = sorted(lines, key=lambda each: abs(each.value - predicate.value))
    return ordered[:_LINES]


def _best(predicates: Sequence[Predicate], calls: Sequence[Tried], tried: int) -> Finding | None:
    best: tuple[float, int, int] | None = None
    finding = None
    total = sum(call.failed for call in calls)
    for number, predicate in enumerate(predicates):
        mine = [call for call in calls if predicate.holds(call.fields)]
        failed = [call for call in mine if call.failed]
        elsewhere = total - len(failed)
        table = Table(len(failed), len(mine) - len(failed), elsewhere, len(calls) - len(mine) - elsewhere)
        if not _worth_a_note(table) or len({call.session for call in failed}) < _SESSIONS:
            continue
        chance = fisher(table)
        rank = (chance, ORDER[predicate.test], number)
        if best is None or rank < best:
            best, finding = rank, Finding(predicate, table, min(1.0, chance * tried), tried, failed)
    return finding


def _worth_a_note(table: Table) -> bool:
    low, _ = share(table.failed, table.failed + table.fine)
    _, high = share(table.other_failed, table.other_failed + table.other_fine)
    return low >= _MOST_FAIL and low > high


def fisher(table: Table) -> float:
    """The chance of so many failures or more where the predicate holds, were it unrelated to failing."""
    rows, columns = table.failed + table.fine, table.failed + table.other_failed
    total = rows + table.other_failed + table.other_fine
    whole = _choose(total, rows)
    logs = [
        _choose(columns, number) + _choose(total - columns, rows - number) - whole
        for number in range(table.failed, min(rows, columns) + 1)
    ]
    return min(1.0, math.fsum(map(math.exp, logs)))


def _choose(whole: int, part: int) -> float:
    """The logarithm; minus infinity where there is no such choice."""
    if not 0 <= part <= whole:
        return -math.inf
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)
