"""How far each rater is believed, and what the items they voted on are: Dawid-Skene, anchored by gold items.

Dawid and Skene (1979) learn a confusion matrix for each rater together with the items' labels. Two things hold it to
the truth where voters lie: gold items, whose labels are known and stay as they are, and the prior that most raters are
sound, that is right four times in five, while anything may be true of the others. The prior counts once a rater: it
weighs heads, and voting more often makes no more heads.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]

_SETTLED: Final = 1e-5
_ROUNDS: Final = 1000
_SAME: Final = 1e-3
"""Two fits whose posteriors differ by less, in the mean over items, have come to the same labels."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's label for one item; `weight` below 1 makes it count as a part of a vote."""

    rater: str
    item: str
    label: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before any vote.

    A sound rater has `right` imagined votes that are right, on items of each label, and `wrong` that are not; of the
    others nothing is believed (one vote, shared by all labels). There are `sound` to `unsound` raters of each kind, in
    heads, and `labels` items of each label. All are positive.
    """

    right: float = 8.0
    wrong: float = 2.0
    sound: float = 3.0
    unsound: float = 1.0
    labels: float = 2.0


@dataclass(frozen=True, slots=True)
class Reliability:
    """What is known of a rater.

    `confusion[true][voted]` is how often which label is given; `accuracy` how often the right one, for items as they
    come, with the standard deviation of what is not known of it; `bits` how much a vote tells of the label: one who
    always lies tells as much as one who never does, one who always votes alike tells nothing. `sound` is the
    probability of being one of those who are right four times in five.
    """

    votes: int
    gold: int
    confusion: tuple[tuple[float, ...], ...]
    accuracy: float
    deviation: float
    bits: float
    sound: float


@dataclass(frozen=True)
class Beliefs:
    """The probability of each label for each item, and the raters' reliability.

    `margin` is how much better (in nats) these labels explain the votes, the gold and the prior than the best fit with
    the labels turned round: below about 5 the raters may as well be lying, and more gold is needed. It is infinite
    where no such fit holds.
    """

    labels: tuple[str, ...]
    shares: tuple[float, ...]
    items: Mapping[str, tuple[float, ...]]
    raters: Mapping[str, Reliability]
    margin: float

    def label(self, item: str) -> str:
        """The most probable label."""
        chances = self.items[item]
        return self.labels[chances.index(max(chances))]

    def probability(self, item: str, label: str) -> float:
        return self.items[item][self.labels.index(label)]


def believe(
    votes: Iterable[Vote],
    *,
    gold: Mapping[str, str],
    labels: Sequence[str] = ("down", "up"),
    prior: Prior = Prior(),
) -> Beliefs:
    """Labels and reliabilities that explain the votes best, given the labels of the gold items.

    A rater has one vote an item: of several the last counts. Raises `ValueError` for a label that is none of `labels`.
    """
    ballot = Ballot(latest(votes), labels, gold)
    if not ballot.votes:
        return Beliefs(tuple(labels), tuple(1 / len(labels) for _ in labels), {}, {}, math.inf)
    # The start: raters as the gold items alone show them, labels alike in number.
    known = np.zeros((len(ballot.items), len(labels)))
    known[ballot.gold] = ballot.certain
    raters = _Raters(ballot.counts(known), prior, prior.sound / (prior.sound + prior.unsound))
    first = _settle(ballot, prior, ballot.posterior(raters.confusion, np.full(len(labels), 1 / len(labels))))
    fits = [first, *(_settle(ballot, prior, np.roll(first.posterior, turn, axis=1)) for turn in range(1, len(labels)))]
    # The first of equals, whatever rounding says.
    best = max(fits, key=lambda fit: round(fit.evidence, 6))
    others = [fit.evidence for fit in fits if np.abs(fit.posterior - best.posterior).mean() > _SAME]
    return _told(ballot, best, max(0.0, best.evidence - max(others, default=-math.inf)))


def latest(votes: Iterable[Vote]) -> list[Vote]:
    """One vote a rater and item: the last."""
    return list({(vote.rater, vote.item): vote for vote in votes}.values())


class Ballot:
    """Votes as arrays: who (`rater`) gave what (`label`) to which (`item`), and what is known for sure (`gold`)."""

    def __init__(self, votes: Sequence[Vote], labels: Sequence[str], gold: Mapping[str, str]) -> None:
        places = {label: place for place, label in enumerate(labels)}
        if len(places) < 2 or len(places) != len(labels):
            raise ValueError(f"labels {list(labels)!r}: name at least two, each once")
        for name, label in [*((f"item {vote.item!r}", vote.label) for vote in votes), *gold.items()]:
            if label not in places:
                raise ValueError(f"{name}: no label called {label!r}; the labels are {', '.join(labels)}")
        self.votes = votes
        self.labels = tuple(labels)
        self.items = list(dict.fromkeys(vote.item for vote in votes))
        self.raters = list(dict.fromkeys(vote.rater for vote in votes))
        items = {name: place for place, name in enumerate(self.items)}
        raters = {name: place for place, name in enumerate(self.raters)}
        self.item = np.array([items[vote.item] for vote in votes], np.intp)
        self.rater = np.array([raters[vote.rater] for vote in votes], np.intp)
        self.label = np.array([places[vote.label] for vote in votes], np.intp)
        self.weight = np.array([vote.weight for vote in votes])
        if not (np.isfinite(self.weight) & (self.weight >= 0)).all():
            raise ValueError("a vote's weight must be a number of 0 or more")
        known = [(items[item], places[label]) for item, label in gold.items() if item in items]
        self.gold: Ints = np.array([place for place, _ in known], np.intp)
        self.certain: Floats = np.eye(len(labels))[[label for _, label in known]]

    def likelihood(self, confusion: Floats) -> Floats:
        """The logarithm of each vote's probability, for each label its item may have."""
        return self.weight[:, None] * np.log(confusion[self.rater, :, self.label])

    def joint(self, confusion: Floats, shares: Floats) -> Floats:
        """The logarithm of the probability of an item's votes and label, for each label; gold can have but its own."""
        given = self.likelihood(confusion)
        logs = np.log(shares) + np.stack(
            [np.bincount(self.item, given[:, k], len(self.items)) for k in range(len(self.labels))], axis=1
        )
        logs[self.gold] = np.where(self.certain > 0, logs[self.gold], -np.inf)
        return np.asarray(logs)

    def posterior(self, confusion: Floats, shares: Floats) -> Floats:
        return softmax(self.joint(confusion, shares))

    def counts(self, posterior: Floats) -> Floats:
        """Votes by rater, label of the item and label given."""
        size = len(self.labels)
        cell = self.rater * size + self.label
        parts = [
            np.bincount(cell, self.weight * posterior[self.item, k], len(self.raters) * size).reshape(-1, size)
            for k in range(size)
        ]
        return np.stack(parts, axis=1)


def softmax(logs: Floats) -> Floats:
    """Each row as probabilities."""
    scaled = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


class _Raters:
    """What votes (by rater, label of the item and label given) tell of the raters, a `share` of whom is sound."""

    def __init__(self, counts: Floats, prior: Prior, share: float) -> None:
        size = counts.shape[1]
        sound = np.where(np.eye(size, dtype=bool), prior.right, prior.wrong / (size - 1))
        alphas = np.stack([sound, np.full((size, size), 1 / size)])
        self.counts = counts + alphas[:, None]
        """By kind of rater, with what is imagined."""

        # Each row of a confusion matrix has a Dirichlet distribution; this is how probable the votes are under it.
        logs = np.log([share, 1 - share])[:, None] + (_log_beta(self.counts) - _log_beta(alphas)[:, None]).sum(axis=2)
        self.kind: Floats = softmax(logs.T).T
        """The probability of each kind, by kind and rater."""

        top = logs.max(axis=0)
        self.evidence = float((top + np.log(np.exp(logs - top).sum(axis=0))).sum())
        self.confusions: Floats = self.counts / self.counts.sum(axis=3, keepdims=True)
        self.confusion: Floats = (self.kind[:, :, None, None] * self.confusions).sum(axis=0)


@dataclass(frozen=True)
class _Fit:
    posterior: Floats
    raters: _Raters
    shares: Floats
    evidence: float


def _settle(ballot: Ballot, prior: Prior, posterior: Floats) -> _Fit:
    """Expectation and maximisation in turns, until the items' labels stay."""
    posterior = posterior.copy()
    posterior[ballot.gold] = ballot.certain
    sound = prior.sound / (prior.sound + prior.unsound)
    for _ in range(_ROUNDS):
        raters = _Raters(ballot.counts(posterior), prior, sound)
        sound = float((raters.kind[0].sum() + prior.sound) / (len(ballot.raters) + prior.sound + prior.unsound))
        shares = posterior.sum(axis=0) + prior.labels
        shares /= shares.sum()
        before, posterior = posterior, ballot.posterior(raters.confusion, shares)
        if np.abs(posterior - before).max() < _SETTLED:
            break
    certain = np.log(np.maximum(posterior, 1e-300))
    items = (posterior * (np.log(shares) - certain)).sum() + prior.labels * np.log(shares).sum()
    return _Fit(posterior, raters, shares, raters.evidence + float(items))


def _told(ballot: Ballot, fit: _Fit, margin: float) -> Beliefs:
    votes = np.bincount(ballot.rater, minlength=len(ballot.raters))
    gold = np.bincount(ballot.rater[np.isin(ballot.item, ballot.gold)], minlength=len(ballot.raters))
    return Beliefs(
        labels=ballot.labels,
        shares=tuple(fit.shares.tolist()),
        items=dict(zip(ballot.items, map(tuple, fit.posterior.tolist()), strict=True)),
        raters={
            name: _reliability(int(votes[place]), int(gold[place]), fit.raters, place, fit.shares)
            for place, name in enumerate(ballot.raters)
        },
        margin=margin,
    )


def _reliability(votes: int, gold: int, raters: _Raters, place: int, shares: Floats) -> Reliability:
    kind, confusion = raters.kind[:, place], raters.confusion[place]
    right = raters.confusions[:, place].diagonal(axis1=1, axis2=2)
    known = raters.counts[:, place].sum(axis=2)
    # The variance within each kind, and of what the kinds differ by; the labels' shares are taken as known.
    within = (right * (1 - right) / (known + 1)) @ shares**2
    accuracy = float(kind @ (right @ shares))
    joint = shares[:, None] * confusion
    bits = (joint * np.log2(joint / (shares[:, None] * joint.sum(axis=0)))).sum()
    return Reliability(
        votes=votes,
        gold=gold,
        confusion=tuple(map(tuple, confusion.tolist())),
        accuracy=accuracy,
        deviation=math.sqrt(float(kind @ (within + (right @ shares - accuracy) ** 2))),
        bits=max(0.0, float(bits)),
        sound=float(kind[0]),
    )


def _log_beta(alpha: Floats) -> Floats:
    """The logarithm of the multivariate beta function, over the last axis."""
    return np.asarray(_log_gamma(alpha).sum(axis=-1) - _log_gamma(alpha.sum(axis=-1)))


def _log_gamma(x: Floats) -> Floats:
    """Stirling's series at x + 8, taken back by the recurrence: to ten digits."""
    far = x + 8
    series = (far - 0.5) * np.log(far) - far + 0.5 * math.log(2 * math.pi) + 1 / (12 * far) - 1 / (360 * far**3)
    return np.asarray(series + 1 / (1260 * far**5) - np.log(np.stack([x + k for k in range(8)])).sum(axis=0))
