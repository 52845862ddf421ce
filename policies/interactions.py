"""An alarm for raters who favour a variant: votes that neither the items nor the raters' reliability explain.

A rater may be harsh, careless or lie; that is known of them (`policies.raters`) and hits all variants alike. What no
honest rater does is to vote otherwise on one variant than on the others. The test asks, of each rater and each cohort:
given what the *other* voters and the gold say of an item, does its variant still tell how it was voted on?

The largest deviation of any cell, where votes are drawn anew from what was to be expected, is what each cell is held
against (Westfall and Young's max-T). So the chance that anything is flagged where nobody favours a variant is about
alpha, however many raters, cohorts and variants there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.raters import Ballot, Beliefs, Floats, Ints, Vote, latest, softmax

_FEW: Final = 5
"""Votes below which a rater's part in a variant is not tested alone; it still counts in the cohort's."""
_ROUNDS: Final = 50
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Favour:
    """A rater's, or a cohort's, votes on one variant: their mean value, and what was to be expected of them.

    `p_value` is already corrected for all cells that were tested.
    """

    who: str
    cohort: bool
    variant: str
    votes: int
    mean: float
    expected: float
    p_value: float


@dataclass(frozen=True)
class Alarm:
    """The cells with a p-value of at most `alpha`, the least likely first, of `tested` cells."""

    alpha: float
    tested: int
    p_value: float
    favours: tuple[Favour, ...]

    @property
    def raised(self) -> bool:
        return bool(self.favours)


def interactions(
    votes: Iterable[Vote],
    beliefs: Beliefs,
    *,
    variants: Mapping[str, str],
    gold: Mapping[str, str],
    random: np.random.Generator,
    cohorts: Mapping[str, str] | None = None,
    values: Sequence[float] | None = None,
    alpha: float = 0.01,
    draws: int = 2_000,
) -> Alarm:
    """Tests whether raters, or cohorts of them, favour the variant that made an item.

    `beliefs` are those of the same votes and gold; `variants` names each item's variant (others are not looked at),
    `cohorts` each rater's cohort, `values` what each label counts (by default 0, 1, ...).
    """
    if not 1 / (draws + 1) <= alpha < 1:
        raise ValueError(
            f"alpha {alpha!r}: must be below 1, and {draws} draws tell nothing below {1 / (draws + 1):.2g}"
        )
    known = [vote for vote in latest(votes) if vote.item in variants]
    if not known:
        return Alarm(alpha, 0, 1.0, ())
    ballot = Ballot(known, beliefs.labels, gold)
    worth = np.arange(len(beliefs.labels), dtype=float) if values is None else np.array(values, float)
    foretold = _Foretold(ballot, beliefs, variants)
    cells = _Cells(ballot, foretold, cohorts or {})
    mean = foretold.chances @ worth
    # Rounding can take a variance of nothing below 0.
    spread = np.sqrt(np.maximum(cells.variances(foretold.chances @ worth**2 - mean**2), 0.0))
    tested = np.flatnonzero((cells.votes >= _FEW) & (spread > _ROUNDING))

    def deviations(labels: Ints) -> Floats:
        return np.asarray(cells.excess(worth[labels] - mean)[tested] / spread[tested])

    found = deviations(ballot.label)
    reached = np.zeros(len(tested))
    for _ in range(draws):
        reached += np.abs(deviations(foretold.draw(random))).max(initial=0.0) >= np.abs(found) - _ROUNDING
    p_values = (1 + reached) / (1 + draws)
    favours = []
    for at in np.flatnonzero(p_values <= alpha).tolist():
        cell = int(tested[at])
        votes_cast = float(cells.votes[cell])
        average = float(cells.sums(worth[ballot.label])[cell]) / votes_cast
        foreseen = average - float(found[at] * spread[cell]) / votes_cast
        favours.append(Favour(*cells.name(cell), int(votes_cast), average, foreseen, float(p_values[at])))
    favours.sort(key=lambda favour: (favour.p_value, -favour.votes))
    return Alarm(alpha, len(tested), float(p_values.min(initial=1.0)), tuple(favours))


class _Foretold:
    """What each vote was to be, by everything but itself; variants may differ in how many items have which label."""

    def __init__(self, ballot: Ballot, beliefs: Beliefs, variants: Mapping[str, str]) -> None:
        self.variants = list(dict.fromkeys(variants[item] for item in ballot.items))
        made_by = np.array([self.variants.index(variants[item]) for item in ballot.items], np.intp)
        size = len(beliefs.labels)
        confusion = np.array([beliefs.raters[name].confusion for name in ballot.raters])
        own = ballot.likelihood(confusion)
        votes = np.stack([np.bincount(ballot.item, own[:, k], len(ballot.items)) for k in range(size)], axis=1)
        logs = np.full((len(self.variants), size), -np.log(size))
        for _ in range(_ROUNDS):
            posterior = softmax(logs[made_by] + votes)
            posterior[ballot.gold] = ballot.certain
            totals = np.stack([np.bincount(made_by, posterior[:, k], len(logs)) for k in range(size)], axis=1) + 1
            logs = np.log(totals / totals.sum(axis=1, keepdims=True))
        others = (logs[made_by] + votes)[ballot.item] - own
        certain = np.zeros((len(ballot.items), size))
        certain[ballot.gold] = np.where(ballot.certain > 0, 0.0, -np.inf)
        others = softmax(others + certain[ballot.item])
        self.variant: Ints = made_by[ballot.item]
        self.looks: Ints = others.argmax(axis=1)
        """The label that the item of a vote most probably has."""
        self.chances: Floats = np.einsum("vk,vkl->vl", others, confusion[ballot.rater])
        self._reached = self.chances.cumsum(axis=1)[:, :-1]

    def draw(self, random: np.random.Generator) -> Ints:
        """Labels as they might have been."""
        return np.asarray((random.random(len(self._reached))[:, None] > self._reached).sum(axis=1))


class _Cells:
    """Sums by rater and variant, then by cohort (of two raters and more) and variant, in one row."""

    def __init__(self, ballot: Ballot, foretold: _Foretold, cohorts: Mapping[str, str]) -> None:
        self._raters, self._variants = ballot.raters, foretold.variants
        members: dict[str, list[int]] = {}
        for place, rater in enumerate(ballot.raters):
            if rater in cohorts:
                members.setdefault(cohorts[rater], []).append(place)
        self._cohorts = [name for name, places in members.items() if len(places) > 1]
        self._member = np.zeros((len(self._cohorts), len(ballot.raters)))
        for row, name in enumerate(self._cohorts):
            self._member[row, members[name]] = 1.0
        labels = len(ballot.labels)
        self._cell: Ints = ballot.rater * len(self._variants) + foretold.variant
        self._alike: Ints = ballot.rater * labels + foretold.looks
        self._like_others: Ints = foretold.variant * labels + foretold.looks
        self._alike_too: Ints = self._alike * len(self._variants) + foretold.variant
        self.votes = self.sums(np.ones(len(ballot.label)))

    def name(self, cell: int) -> tuple[str, bool, str]:
        """Who, whether that is a cohort, and the variant."""
        who, variant = divmod(cell, len(self._variants))
        alone = len(self._raters)
        name = self._raters[who] if who < alone else self._cohorts[who - alone]
        return name, who >= alone, self._variants[variant]

    def sums(self, values: Floats) -> Floats:
        size = len(self._variants)
        by_rater = np.bincount(self._cell, values, len(self._raters) * size).reshape(-1, size)
        return np.concatenate([by_rater, self._member @ by_rater]).ravel()

    def excess(self, residual: Floats) -> Floats:
        """The sums of what a variant's votes have over the rater's own on such items, and over all raters' on it.

        What all raters share is no favour (the items may be harder), and what a rater always does is known of them.
        """
        residual = residual - _means(self._like_others, residual)
        return self.sums(residual - _means(self._alike, residual))

    def variances(self, variance: Floats) -> Floats:
        """Of the excess, but for what all raters share; only to make cells comparable."""
        share = np.bincount(self._alike_too)[self._alike_too] / np.bincount(self._alike)[self._alike]
        inside = variance * (1 - share) ** 2
        # Each of the rater's votes on other variants takes part in the mean that is taken off.
        outside = share * (_means(self._alike, variance) - share * _means(self._alike_too, variance))
        return self.sums(inside + outside)


def _means(group: Ints, values: Floats) -> Floats:
    """The mean of the values of a vote's group, by vote."""
    return np.asarray((np.bincount(group, values) / np.maximum(np.bincount(group), 1))[group])
