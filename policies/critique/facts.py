"""What self-critique did to a call, or why nothing, and how probable that was: a fact, from which its worth is told."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Arm: TypeAlias = Literal["on", "off", "skipped"]


@dataclass(frozen=True, slots=True)
class Critiqued:
    """`eligible`: the answer was predicted low, or drawn to be looked at, so that chance alone decided between `on` and
    `off`, and `probability` is that of the arm taken. What was `skipped` says nothing of worth, and `reason` says why
    it was: streaming, budget, no model.

    `flagged` tells whether anything was found wrong, None where nobody looked; `verifier` is the check that spoke
    first, empty where it was the model alone. `before` and `after` are what the check gave the original and the last
    revision, from 0 to 1; `accepted` that the client was shown that revision. `original` is the version that was not
    shown, kept where content is kept; `critique` what was said to the model of it.

    `tokens`, `cost_usd` and `took_ms` are what all of it added to the call.
    """

    eligible: bool
    stratum: str
    arm: Arm
    probability: float
    flagged: bool | None = None
    verifier: str = ""
    revised: bool = False
    accepted: bool = False
    rounds: int = 0
    before: float | None = None
    after: float | None = None
    original: str | None = None
    critique: str = ""
    reason: str = ""
    tokens: int = 0
    cost_usd: float | None = None
    took_ms: float = 0.0
