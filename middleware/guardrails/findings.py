"""What the rules found in one call, gathered for its record."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from policies.guardrails.guard import Guard
from policies.guardrails.rule import SEVERITY, Mode, Place
from policies.guardrails.verdicts import GuardVerdicts, Verdict, excerpt, fingerprint

_MOST: Final = 50
"""Violations that are told apart in one call's record; of what is found beyond them, only the verdict."""


class Refused(Exception):
    """The call is not to reach the model."""


class _Violation(NamedTuple):
    rule: str
    version: int
    place: Place
    fingerprint: str


class _Said(NamedTuple):
    guard: Guard
    mode: Mode
    reason: str
    evidence: str


def _nothing(text: str) -> Sequence[tuple[int, int]]:
    return ()


class Findings:
    """`secret` keys the fingerprints; `clock` counts nanoseconds; `hides` tells which parts of a text nobody is to
    read, whichever rule found something beside them."""

    def __init__(
        self,
        secret: bytes,
        clock: Callable[[], int] = time.perf_counter_ns,
        *,
        hides: Callable[[str], Sequence[tuple[int, int]]] = _nothing,
    ) -> None:
        self._secret = secret
        self._hides = hides
        self._clock = clock
        self._took_ns = 0
        self._found: dict[_Violation, _Said] = {}
        self._counts: dict[_Violation, int] = {}
        self._failed: dict[str, str] = {}
        self.failures = 0
        """How often a checker gave no verdict."""
        self._verdict: Verdict = "allow"

    def add(
        self,
        guard: Guard,
        place: Place,
        *,
        found: str,
        before: str = "",
        after: str = "",
        hidden: Sequence[tuple[int, int]] | None = None,
        reason: str = "",
    ) -> None:
        """`found` stands between `before` and `after`; `hidden` are the parts of all three together that nobody is to
        read, where that is known already."""
        rule = guard.rule
        if guard.mode == "enforce" and (self._verdict == "allow" or _worse(guard.action, self._verdict)):
            self._verdict = guard.action
        key = _Violation(rule.id, rule.version, place, fingerprint(self._secret, found))
        self._counts[key] = self._counts.get(key, 0) + 1
        if key in self._found or len(self._found) == _MOST:
            return
        start, end = len(before), len(before) + len(found)
        text = before + found + after
        parts = [(start, end), *self._hides(text)] if hidden is None else hidden
        evidence = excerpt(text, start, end, hidden=parts)
        self._found[key] = _Said(guard, guard.mode, reason or rule.reason, evidence)

    def fail(self, checker: str, why: str) -> None:
        """A checker gave no verdict."""
        self.failures += 1
        self._failed.setdefault(checker, why)

    def refuse(self) -> None:
        """The call is refused because a checker that fails closed has failed."""
        self._verdict = "block"

    def took(self, since_ns: int) -> None:
        self._took_ns += self._clock() - since_ns

    @property
    def blocked(self) -> bool:
        return self._verdict == "block"

    def fact(self) -> GuardVerdicts | None:
        """None where nothing was found, and nothing failed."""
        if not self._found and not self._failed:
            return None
        keys, said = list(self._found), list(self._found.values())
        return GuardVerdicts(
            verdict=self._verdict,
            rules=tuple(key.rule for key in keys),
            versions=tuple(key.version for key in keys),
            places=tuple(key.place for key in keys),
            actions=tuple(each.guard.action for each in said),
            modes=tuple(each.mode for each in said),
            reasons=tuple(each.reason for each in said),
            evidence=tuple(each.evidence for each in said),
            fingerprints=tuple(key.fingerprint for key in keys),
            counts=tuple(self._counts[key] for key in keys),
            took_us=self._took_ns // 1_000,
            failed=tuple(self._failed),
            failures=tuple(self._failed.values()),
        )


def merged(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Starts and ends of what is covered, in order, of which none overlaps another."""
    told: list[tuple[int, int]] = []
    for start, end in sorted(parts):
        if told and start < told[-1][1]:
            told[-1] = (told[-1][0], max(end, told[-1][1]))
        else:
            told.append((start, end))
    return told


def between(parts: Sequence[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """Those of merged parts that have something of what is between, as places from `first` on."""
    some = parts[bisect_right(parts, first, key=itemgetter(1)) : bisect_left(parts, last, key=itemgetter(0))]
    return [(start - first, end - first) for start, end in some]


def _worse(one: Verdict, other: Verdict) -> bool:
    order = ("allow", *SEVERITY)
    return order.index(one) > order.index(other)
