"""What the thumbs of several raters come to, each rater believed as far as gold items and the others bear them out.

Raters are known by the runs that tell about them: those that several of them voted on, and those whose label the owner
gave (`gold`). Where a rater has few votes on such runs, as an agent's end users have, there is nothing to weigh, and
the thumb counts as what it says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from policies.raters import Beliefs, Vote, believe
from records.score import GOLD, THUMBS, Score

LABELS: Final = ("down", "up")
_KNOWN_FROM: Final = 5
"""Votes on runs that tell about raters, from which on one is known."""
_MARGIN: Final = 5.0
"""Nats by which the labels must explain the votes better than turned round; less, and the raters may all be lying."""


class Thumb(NamedTuple):
    """One rater's word on one run."""

    rater: str
    up: bool


@dataclass(frozen=True)
class Crowd:
    """What is known of an agent's raters. `beliefs` is None where nothing is, or nothing that could be trusted."""

    beliefs: Beliefs | None
    gold: Mapping[str, float]

    def chance(self, run: str, thumbs: Iterable[Thumb]) -> float:
        """The probability that a run was good. Raises `ValueError` where nobody voted and it is not gold."""
        if run in self.gold:
            return self.gold[run]
        thumbs = tuple(thumbs)
        if not thumbs:
            raise ValueError(f"run {run!r} has no votes")
        if not any(self.knows(thumb.rater) for thumb in thumbs):
            return sum(thumb.up for thumb in thumbs) / len(thumbs)
        # Good and bad are taken to be as probable before the votes: variants shall be told apart, not drawn together.
        odds = sum(self._weight(thumb) for thumb in thumbs)
        return float(1 / (1 + np.exp(-odds)))

    def knows(self, rater: str) -> bool:
        """Whether there is anything to weigh this rater's word by."""
        found = self.beliefs.raters.get(rater) if self.beliefs is not None else None
        return found is not None and found.votes >= _KNOWN_FROM

    def reliability(self, rater: str) -> float | None:
        """How often the rater is right, of good and of bad runs alike; None where that is not known.

        One who always votes alike is right half the time.
        """
        if self.beliefs is None or not self.knows(rater):
            return None
        (down, up) = self.beliefs.raters[rater].confusion
        return (down[0] + up[1]) / 2

    def _weight(self, thumb: Thumb) -> float:
        """The logarithm of how much more probable the thumb is for a good run than for a bad one."""
        assert self.beliefs is not None
        if self.knows(thumb.rater):
            (down, up) = self.beliefs.raters[thumb.rater].confusion
        else:
            (down, up) = self._average()
        return float(np.log(up[thumb.up] / down[thumb.up]))

    def _average(self) -> tuple[tuple[float, ...], ...]:
        """The confusion matrix of nobody in particular: that of those who are known, in heads."""
        assert self.beliefs is not None
        known = [each.confusion for name, each in self.beliefs.raters.items() if self.knows(name)]
        return tuple(map(tuple, np.mean(known, axis=0).tolist()))


def crowd_of(scores: Sequence[Score], gold: Mapping[str, float]) -> Crowd:
    """`gold` by run, 1 for good and 0 for bad; of the scores only people's thumbs are looked at."""
    votes = votes_of(scores)
    raters: dict[str, set[str]] = {}
    for vote in votes:
        raters.setdefault(vote.item, set()).add(vote.rater)
    telling = [vote for vote in votes if vote.item in gold or len(raters[vote.item]) > 1]
    if not telling:
        return Crowd(None, gold)
    beliefs = believe(telling, gold=labels_of(gold), labels=LABELS)
    return Crowd(beliefs if beliefs.margin >= _MARGIN else None, gold)


def believed(scores: Sequence[Score], gold: Mapping[str, float]) -> Mapping[str, float]:
    """The probability that each run was good which has thumbs or is gold."""
    crowd = crowd_of(scores, gold)
    thumbs: dict[str, list[Thumb]] = {}
    for vote in votes_of(scores):
        thumbs.setdefault(vote.item, []).append(Thumb(vote.rater, vote.label == "up"))
    return {run: crowd.chance(run, thumbs.get(run, ())) for run in dict.fromkeys((*thumbs, *gold))}


def gold_of(scores: Iterable[Score]) -> dict[str, float]:
    """The gold items among the scores, by run. Of several verdicts on one the last stands."""
    found = [score for score in scores if score.evaluator == GOLD and score.source == "human"]
    return {
        score.subject: float(score.value >= 0.5)
        for score in sorted(found, key=lambda score: score.created_ns)
        if score.value is not None
    }


def votes_of(scores: Iterable[Score]) -> list[Vote]:
    """People's thumbs on runs, one a rater and run."""
    votes = {
        (score.rater, score.subject): Vote(score.rater, score.subject, LABELS[score.value >= 0.5])
        for score in sorted(scores, key=lambda score: score.created_ns)
        if score.evaluator == THUMBS and score.source == "human" and score.kind == "run" and score.value is not None
    }
    return list(votes.values())


def labels_of(gold: Mapping[str, float]) -> dict[str, str]:
    return {run: LABELS[value >= 0.5] for run, value in gold.items()}
