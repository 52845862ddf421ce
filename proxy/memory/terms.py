"""By what an agent's memory is kept: which scores count, what it takes to be admitted, whose memory it is."""

import hashlib
from typing import Final, NamedTuple

import msgspec

from policies.retrieval.admission import Admission, Evidence, evidence_of
from proxy.config.reward import Reward
from records.feedback import BY_OWNER
from records.insight import Trust
from records.score import CORRECTION, GOLD, Score

USUAL: Final = Reward.model_validate({"scores": {"thumbs": 1, "rating": {"range": [1, 5]}}})
"""What counts where the configuration does not say what answers earn."""


class MemoryTerms(NamedTuple):
    """`skip` are the rules of screening that the owner lets pass."""

    agent: str
    tenant: str
    reward: Reward = USUAL
    admission: Admission = Admission()
    skip: frozenset[str] = frozenset()
    config_hash: str = ""

    @property
    def ruled_by(self) -> str:
        """The version of what answers are judged by; by another one all are judged again."""
        told = [
            self.tenant,
            self.reward.model_dump(mode="json", include={"scores"}),
            self.admission.model_dump(mode="json"),
            sorted(self.skip),
        ]
        return hashlib.blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=6).hexdigest()

    def word(self, score: Score) -> Evidence | None:
        """What a score says of the answer that its run gave; None where it says nothing that counts.

        Who corrects an answer says that it was not good enough.
        """
        if score.evaluator == CORRECTION:
            return Evidence(trust_of(score), score.rater, 0.0)
        if score.evaluator == GOLD:
            return evidence_of(score, low=0, high=1)
        counted = self.reward.scores.get(score.evaluator)
        if counted is None or not counted.weight:
            return None
        worst, best = counted.range if counted.weight > 0 else reversed(counted.range)
        return evidence_of(score, low=worst, high=best)

    def may_admit(self, word: Evidence) -> bool:
        """Whether enough of such words would admit an answer."""
        return word.value >= 0.5 and word.trust in self.admission.least


def trust_of(score: Score) -> Trust:
    """The owner's corrections are those that were made at the owner's own command line."""
    return "owner" if score.source == "human" and score.details.get(BY_OWNER) is True else score.source


def correction_in(score: Score) -> str | None:
    """The answer that a correction brings."""
    answer = score.details.get("answer")
    told = score.evaluator == CORRECTION and score.kind == "run" and isinstance(answer, str) and answer.strip()
    return answer if told else None
