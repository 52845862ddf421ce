"""A Score: what somebody or something thinks of a run. Feedback, judges' verdicts and violations are all scores."""

import hashlib
import math
from typing import Final, Literal, TypeAlias

import msgspec

from records.run import JsonValue

Subject: TypeAlias = Literal["run", "case", "pair"]
ScoreSource: TypeAlias = Literal["code", "judge", "human", "implicit"]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is the verdict as a number, None where the evaluator failed (`failure` says why) or said only words.

    `subject` is the id of a run or a case result; of a pair, the id of the run that was preferred, and `against` that
    of the other. `evaluator` names what was asked (`thumbs`, `rating`, `correction`, `task_success`, …), on whose
    scale `value` is. `rater` is a keyed hash of a person, or the name of a program. `inclusion` is the probability with
    which the subject was chosen to be scored. `details` holds what belongs to the evaluator, as a corrected answer.
    """

    id: str
    tenant: str
    agent: str
    kind: Subject = "run"
    subject: str
    against: str | None = None
    evaluator: str
    version: str = "1"
    source: ScoreSource
    rater: str = ""
    value: float | None = None
    failure: str | None = None
    rationale: str | None = None
    inclusion: float = 1.0
    details: dict[str, JsonValue] = {}
    created_ns: int
    config_hash: str = ""

    def __post_init__(self) -> None:
        """Raises `ValueError` for what nothing could be learned from."""
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"a score's value is a finite number, not {self.value}")
        if not 0 < self.inclusion <= 1:
            raise ValueError(f"the probability of being scored is above 0 and at most 1, not {self.inclusion}")
        if (self.kind == "pair") != (self.against is not None) or self.against == self.subject:
            raise ValueError("a pair is of two runs, and only a pair is")

    def says_the_same_as(self, other: "Score") -> bool:
        """Whether only the time and the configuration differ: as with a vote that is sent again."""
        return msgspec.structs.replace(self, created_ns=other.created_ns, config_hash=other.config_hash) == other


def score_id(agent: str, kind: Subject, subject: str, against: str | None, evaluator: str, rater: str) -> str:
    """One vote for each rater, evaluator and subject: who votes again has the same id. Pairs are the same both ways."""
    pair = sorted((subject, against)) if against is not None else [subject]
    told = "\0".join((agent, kind, *pair, evaluator, rater))
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


THUMBS: Final = "thumbs"
RATING: Final = "rating"
CORRECTION: Final = "correction"
PREFERENCE: Final = "preference"
UNSHOWN: Final = ".unshown"
"""Ends the name of an evaluator that says of the version of an answer that the client was not shown what it says of the
shown one under its own name, on the same scale."""
REVISION: Final = "revision"
"""Of a run whose answer was revised: 1 where the revision is better than the original, 0 where the original is. In the
details are the text that the client was not shown, as `unshown`, and which of the two is `preferred` and was `shown`:
`original` or `revision`."""
GOLD: Final = "gold"
"""What the owner knows a run to be: 1 for good, 0 for bad. Raters are measured by it."""
