"""An Insight: learned text that may reach a prompt, with where it came from, who vouches for it, and what it did."""

import hashlib
from typing import Final, Literal, TypeAlias

import msgspec

InsightKind: TypeAlias = Literal["answer", "critique"]
"""What it is: `answer`, the best answer known to a question; `critique`, what was wrong with an answer to it, which no
call is shown: it waits for a learner to make a variant of it, and for that variant to pass the gate."""
Trust: TypeAlias = Literal["owner", "human", "judge", "code", "implicit"]
"""Who vouches for it, most trusted first."""
TRUSTS: Final[tuple[Trust, ...]] = ("owner", "human", "judge", "code", "implicit")
InsightState: TypeAlias = Literal["waiting", "admitted", "quarantined", "retired"]
"""`waiting` for evidence; `admitted`, so calls may be shown it; `quarantined` by a guard, until its owner looks at it;
`retired`, because it harmed, grew old or a better one took its place."""
STATES: Final[tuple[InsightState, ...]] = ("admitted", "quarantined", "waiting", "retired")
"""In the order in which they are listed."""


class Insight(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is data that a model may be shown, found by its `question`; it is never an instruction.

    `runs` are the ids of the runs it came of: it goes when one of them is deleted. `origin` is `run` where the answer
    is the model's own, `correction` where a person wrote it. `trust` is the best word it has; `score` the mean of its
    scores on a scale of 0 to 1 and `low` the lower confidence bound of that, from `votes` of them. `model`, `variant`
    and `instructions` (a digest) are those it was made under, `tools` the names of the tools that were called for it.
    `writer` is a keyed hash of the person it comes from: of a correction who wrote it, of an answer who asked; empty
    where nobody is known. `reason` says to a person why it is in its state, and `held` that what is
    said of it moves it no more. `expires_ns` is None where it does not grow old.
    """

    id: str
    tenant: str
    agent: str
    kind: InsightKind = "answer"
    question: str
    text: str
    runs: tuple[str, ...]
    origin: Literal["run", "correction"] = "run"
    writer: str = ""
    trust: Trust
    score: float
    low: float
    votes: int = 1
    variant: str = "base"
    model: str | None = None
    instructions: str = ""
    tools: tuple[str, ...] = ()
    state: InsightState = "waiting"
    reason: str = ""
    held: bool = False
    created_ns: int
    changed_ns: int
    expires_ns: int | None = None
    config_hash: str = ""

    @property
    def short(self) -> str:
        """The beginning of its id: enough for people, and for the model to name it by."""
        return self.id[:8]


def insight_id(tenant: str, agent: str, kind: InsightKind, question: str, text: str) -> str:
    """32 hex digits; the same for the same words of the same agent."""
    told = "\0".join((tenant, agent, kind, question, text))
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
