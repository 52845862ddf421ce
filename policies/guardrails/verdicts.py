"""What the rules of a guardrail found in one call: a fact, from which scores and incidents are made.

What was found is never in it: evidence is masked, and a fingerprint tells only whether it was the same.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from policies.guardrails.rule import Action, Mode, Place

Verdict: TypeAlias = Literal["allow", "flag", "escalate", "rewrite", "block"]
"""What was done with the call as a whole; `allow` where no rule that is enforced was broken."""
MASK: Final = "•••"
"""Stands for what was found, however long that was."""
_AROUND: Final = 40
_LONGEST: Final = 240
_ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class GuardVerdicts:
    """All tuples but the last two are parallel: a violation for each rule, place and thing found.

    `actions` are what the rules ask for: done where the mode is `enforce`, and only on record where it is `shadow`.
    `evidence` is a short excerpt with what was found masked (see `excerpt`), `fingerprints` tell the same from another
    (see `fingerprint`), and `counts` how often it was found in the call. `took_us` is what all checks took together, in
    microseconds. `failed` are the ids of checkers that gave no verdict, `failures` why, one for each.
    """

    verdict: Verdict
    rules: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()
    actions: tuple[Action, ...] = ()
    modes: tuple[Mode, ...] = ()
    reasons: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    took_us: int = 0
    failed: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def fingerprint(secret: bytes, found: str) -> str:
    """32 hex digits, the same for the same words in whatever case and spacing, that nobody without the deployment's
    secret can try guesses against."""
    said = " ".join(found.casefold().split())
    return hmac.digest(secret, b"guard\0" + said.encode(errors="surrogatepass"), "sha256").hex()[:32]


def excerpt(text: str, start: int, end: int, *, hidden: Iterable[tuple[int, int]]) -> str:
    """What stands around `text[start:end]`, on one line, with every part that is `hidden` (starts and ends) masked; of
    what is longer than some lines, the beginning.

    Hide all that any rule for secrets and personal data found in the text, not only this: two may stand side by side.
    """
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND, start + _LONGEST)
    pieces, at = [_ELLIPSIS if first else ""], first
    for begin, close in sorted(hidden):
        if close <= at or begin >= last:
            continue
        pieces += (text[at:begin], MASK)
        at = close
    pieces += (text[at:last], _ELLIPSIS if last < len(text) else "")
    return " ".join("".join(pieces).split())
