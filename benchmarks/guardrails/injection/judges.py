"""What each detector said of the texts, and what that comes to: by source, with a threshold for each kind of text."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.guardrails.injection.corpus import Text
from benchmarks.guardrails.injection.figures import Said, Share, threshold_at
from policies.guardrails.injection.model import KINDS, InjectionModel, Kind
from policies.guardrails.injection.rules import find


class Judge(NamedTuple):
    title: str
    texts: Sequence[Text]
    said: Sequence[Said]
    """Of each of the texts."""
    thresholds: Mapping[Kind, float]
    """By the kind of text."""
    graded: bool = True
    """Whether its scores have an order, beyond yes and no."""

    def share(self, *, attack: bool, split: str | None = None, source: str | None = None) -> Share:
        """That is taken for attacks."""
        taken = [
            said.score >= self.thresholds[text.place]
            for text, said in zip(self.texts, self.said, strict=True)
            if text.attack == attack and split in (None, text.split) and source in (None, text.source)
        ]
        return Share(sum(taken), len(taken))

    def scores(self, split: str, *, attack: bool) -> list[float]:
        return [
            said.score
            for text, said in zip(self.texts, self.said, strict=True)
            if text.split == split and text.attack == attack
        ]

    def at(self, most: float, split: str) -> "Judge":
        """With thresholds that take at most the share `most` of the split's benign texts of each kind for attacks."""
        thresholds: dict[Kind, float] = {}
        for kind in KINDS:
            benign = [
                said.score
                for text, said in zip(self.texts, self.said, strict=True)
                if text.split == split and text.place == kind and not text.attack
            ]
            thresholds[kind] = threshold_at(benign, most)
        return self._replace(thresholds=thresholds)


def ours(texts: Sequence[Text]) -> list[Judge]:
    model = InjectionModel.load()
    rules = _timed(lambda text: float(bool(find(text))), texts)
    classified = _timed(model.probability, texts)
    # A text that a rule breaks is not classified.
    both = [Said(2.0, rule.seconds) if rule.score else Said(said.score, rule.seconds + said.seconds)
            for rule, said in zip(rules, classified, strict=True)]  # fmt: skip
    return [
        Judge("Burnish, rules alone", texts, rules, dict.fromkeys(KINDS, 0.5), graded=False),
        Judge("Burnish, classifier alone", texts, classified, model.sure),
        Judge("Burnish, rules and classifier", texts, both, model.sure),
        Judge("the same, and what it would ask a judge about", texts, both, model.unsure),
    ]


def _timed(judge: Callable[[str], float], texts: Sequence[Text]) -> list[Said]:
    said = []
    for text in texts:
        begun = time.perf_counter()
        score = judge(text.text)
        said.append(Said(score, time.perf_counter() - begun))
    return said
