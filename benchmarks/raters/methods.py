"""Ways to tell labels from votes: the product's, and two that people use without gold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.raters.worlds import LABELS, Poll
from policies.raters import Floats, believe

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Method:
    title: str
    labels: Callable[[Poll], Labels]


def anchored(poll: Poll) -> Labels:
    """The product's."""
    beliefs = believe(poll.votes, gold=poll.gold, labels=LABELS)
    return {item: beliefs.label(item) for item in beliefs.items}


def majority(poll: Poll) -> Labels:
    items, votes = _tables(poll)
    return _named(items, votes.sum(axis=0))


def plain(poll: Poll) -> Labels:
    """Dawid and Skene's as published: it starts from the majority, knows no gold and has no prior."""
    items, votes = _tables(poll)
    posterior = votes.sum(axis=0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    for _ in range(100):
        # A rater's votes by the item's label and their own.
        counts = np.einsum("ik,ril->rkl", posterior, votes) + 1e-10
        confusion = counts / counts.sum(axis=2, keepdims=True)
        logs = np.log(posterior.mean(axis=0) + 1e-10) + np.einsum("ril,rkl->ik", votes, np.log(confusion))
        posterior = np.exp(logs - logs.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
    return _named(items, posterior)


METHODS = {
    "majority": Method("majority", majority),
    "plain": Method("Dawid-Skene", plain),
    "anchored": Method("Burnish", anchored),
}


def _tables(poll: Poll) -> tuple[Sequence[str], Floats]:
    """Items, and by rater, item and label whether that vote was given."""
    items = list(dict.fromkeys(vote.item for vote in poll.votes))
    raters = list(dict.fromkeys(vote.rater for vote in poll.votes))
    item = {name: place for place, name in enumerate(items)}
    rater = {name: place for place, name in enumerate(raters)}
    votes = np.zeros((len(raters), len(items), len(LABELS)))
    for vote in poll.votes:
        votes[rater[vote.rater], item[vote.item], LABELS.index(vote.label)] = 1.0
    return items, votes


def _named(items: Sequence[str], chances: Floats) -> Labels:
    return {item: LABELS[best] for item, best in zip(items, chances.argmax(axis=1).tolist(), strict=True)}
