"""What a check says of an answer, and which of two answers it holds to be better."""

from collections.abc import Sequence
from typing import Final, NamedTuple

_SAID: Final = 600
"""Characters of what a check says that a model is shown."""


class Verdict(NamedTuple):
    """`value`: 0 for what is wholly wrong, 1 for what passes. `said`: what is wrong, in words for a model."""

    check: str
    value: float
    said: str = ""

    @property
    def passed(self) -> bool:
        return self.value >= 1


class Unchecked(NamedTuple):
    """A check that applies and could not be made: it tells neither for the answer nor against it."""

    check: str
    why: str


def passed(check: str) -> Verdict:
    return Verdict(check, 1.0)


def failed(check: str, said: str, value: float = 0.0) -> Verdict:
    """Below 1 whatever `value` is; what is said is cut to what a prompt can bear."""
    shown = said if len(said) <= _SAID else f"{said[:_SAID]}…"
    return Verdict(check, min(max(value, 0.0), 0.99), shown)


class BadCheck(ValueError):
    """A check that cannot be made of what was written; the message says why, and what to write instead."""


def worth(verdicts: Sequence[Verdict]) -> float | None:
    """One number for all of them, the mean; None where nothing was checked."""
    return sum(verdict.value for verdict in verdicts) / len(verdicts) if verdicts else None


def beats(revised: Sequence[Verdict], original: Sequence[Verdict]) -> bool:
    """Whether a revision is better by some check and worse by none. A check that spoke of one of them only, as where it
    could not be made in time, tells for neither."""
    before = {verdict.check: verdict.value for verdict in original}
    pairs = [(verdict.value, before[verdict.check]) for verdict in revised if verdict.check in before]
    complete = len(pairs) == len(before)
    return complete and all(now >= then for now, then in pairs) and any(now > then for now, then in pairs)
