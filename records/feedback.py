"""What people say of a run, as scores: a thumb, a rating, a better answer, a preference.

Each is on the scale of its evaluator: `thumbs` and `gold` 0 or 1, `rating` 1 to 5; `correction` has no value but the
answer that should have been given, in the details under `answer`; `preference` is 1, for the run that is the subject.
"""

from typing import Final, NamedTuple

from records.run import JsonValue
from records.score import CORRECTION, GOLD, PREFERENCE, RATING, THUMBS, Score, Subject, score_id

RATINGS: Final = range(1, 6)
BY_OWNER: Final = "owner"
"""The detail of a correction that the agent's owner wrote."""


class Vote(NamedTuple):
    """Whose word it is, about which run, and when; `rater` is a keyed hash of a person."""

    tenant: str
    agent: str
    run: str
    rater: str
    created_ns: int
    comment: str | None = None
    config_hash: str = ""

    def thumb(self, up: bool) -> Score:
        return self._score(THUMBS, 1.0 if up else 0.0)

    def rating(self, stars: int) -> Score:
        """Raises `ValueError` for one that is not among `RATINGS`."""
        if stars not in RATINGS:
            raise ValueError(f"a rating is a whole number from {RATINGS[0]} to {RATINGS[-1]}, not {stars}")
        return self._score(RATING, float(stars))

    def gold(self, up: bool) -> Score:
        """What the run is known to be, by which raters are measured."""
        return self._score(GOLD, 1.0 if up else 0.0)

    def correction(self, answer: str, *, owner: bool = False) -> Score:
        """`owner`: it is the agent's owner who says so, who needs nobody else to agree."""
        return self._score(CORRECTION, None, details={"answer": answer, **({BY_OWNER: True} if owner else {})})

    def preferred_to(self, other: str) -> Score:
        """That the run is better than another. Raises `ValueError` where both are the same."""
        return self._score(PREFERENCE, 1.0, kind="pair", against=other)

    def _score(
        self,
        evaluator: str,
        value: float | None,
        *,
        kind: Subject = "run",
        against: str | None = None,
        details: dict[str, JsonValue] | None = None,
    ) -> Score:
        return Score(
            id=score_id(self.agent, kind, self.run, against, evaluator, self.rater),
            tenant=self.tenant,
            agent=self.agent,
            kind=kind,
            subject=self.run,
            against=against,
            evaluator=evaluator,
            source="human",
            rater=self.rater,
            value=value,
            rationale=self.comment,
            details=details or {},
            created_ns=self.created_ns,
            config_hash=self.config_hash,
        )
