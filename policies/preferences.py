"""Which variant people prefer, and by how much: strengths from pairs, after Bradley and Terry (1952), ties by Davidson.

A variant's strength is on the scale of log-odds: a difference of 1 wins 73 % of the pairs that are not ties. A weak
prior (strengths lie around 0) keeps variants finite that won or lost everything, or met nobody.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Preferred: TypeAlias = Literal["left", "right", "tie"]

_ROUNDS: Final = 100
_SETTLED: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Pair:
    """Two variants' answers to one prompt, and which was preferred.

    Pairs of one `judge` (a rater, or a conversation) may resemble one another: intervals allow for it. `weight` says
    how far the judge is believed. `left` was shown first.
    """

    left: str
    right: str
    preferred: Preferred
    judge: str | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Comparison:
    """How one variant does against another: the difference of strengths, and the share of untied pairs it wins."""

    difference: float
    low: float
    high: float
    wins: float
    wins_low: float
    wins_high: float


@dataclass(frozen=True)
class Standing:
    """One variant's strength, and the interval that it lies in."""

    strength: float
    low: float
    high: float


@dataclass(frozen=True)
class Strengths:
    """Every variant's strength (their mean is 0), with what is needed to compare any two.

    `first` is the advantage of being shown first, 0 where it was not asked for; `ties` the share of ties between
    equals. `groups` are the sets of variants that pairs connect: across two of them only the prior compares.
    """

    variants: tuple[str, ...]
    strength: Mapping[str, float]
    first: float
    ties: float
    groups: tuple[frozenset[str], ...]
    pairs: int
    covariances: tuple[Floats, Floats]
    """Of the strengths: as the model has it, and as judges who resemble themselves make it."""

    def each(self, *, confidence: float = 0.95) -> dict[str, Standing]:
        """Every variant beside the mean of all, the strongest first; the intervals hold at once (Bonferroni)."""
        size = len(self.variants)
        if not size:
            return {}
        centre = np.eye(size) - 1 / size
        variances = np.max([np.diag(centre @ covariance @ centre) for covariance in self.covariances], axis=0)
        # Of two, what one is above the mean the other is below it: their intervals are one statement.
        reaches = _reach(_shared(confidence, size if size > 2 else 1)) * np.sqrt(np.maximum(0.0, variances))
        found = {
            name: Standing(strength, strength - reach, strength + reach)
            for (name, strength), reach in zip(self.strength.items(), reaches.tolist(), strict=True)
        }
        return dict(sorted(found.items(), key=lambda item: -item[1].strength))

    def against_best(self, *, confidence: float = 0.95) -> dict[str, Comparison]:
        """Every other variant against the strongest. They hold at once, whichever that turned out to be."""
        ranked = list(self.each())
        alone = _shared(confidence, math.comb(len(ranked), 2))
        return {name: self.compare(name, ranked[0], confidence=alone) for name in ranked[1:]}

    def compare(self, one: str, other: str, *, confidence: float = 0.95) -> Comparison:
        """`one` against `other`; for several comparisons at once divide what `confidence` leaves to chance."""
        a, b = self.variants.index(one), self.variants.index(other)
        difference = self.strength[one] - self.strength[other]
        variance = max(float(c[a, a] + c[b, b] - 2 * c[a, b]) for c in self.covariances)
        reach = _reach(confidence) * math.sqrt(max(0.0, variance))
        low, high = difference - reach, difference + reach
        return Comparison(difference, low, high, logistic(difference), logistic(low), logistic(high))


def logistic(odds: float) -> float:
    """A probability from log-odds."""
    return 0.5 * (1 + math.tanh(odds / 2))


def _reach(confidence: float) -> float:
    """In standard errors."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _shared(confidence: float, intervals: int) -> float:
    """What each of several intervals must have, for all to hold at once with `confidence`."""
    return 1 - (1 - confidence) / max(1, intervals)


def strengths(pairs: Iterable[Pair], *, order: bool = False, spread: float = 3.0) -> Strengths:
    """The strengths that explain the pairs best; `order` lets being shown first count as well.

    Ask for `order` only where variants take either place: with one always first the two cannot be told apart. `spread`
    is the prior's standard deviation: with 3, 95 % of strengths lie within 6, which is 400 wins to a loss.
    """
    table = _Table(list(pairs), spread)
    place = np.zeros(len(table.variants) + 2)
    held = table.held(order)
    for _ in range(_ROUNDS):
        gradient, information = table.slope(place, held)
        step = np.linalg.solve(information, gradient)
        # Far from the answer a full step overshoots: strengths move by at most 1 at a time.
        place += step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < _SETTLED:
            break
    return table.told(place, held)


class _Table:
    """Pairs as arrays. Parameters: a strength a variant, the advantage of the first, the logarithm of the ties' odds.

    The outcomes have the odds e^x : e^-x : nu, where x is half of the left's strength less the right's, and the
    advantage of the first.
    """

    def __init__(self, pairs: Sequence[Pair], spread: float) -> None:
        self._certain = 1 / spread**2
        for pair in pairs:
            if pair.left == pair.right:
                raise ValueError(f"variant {pair.left!r} is paired with itself")
            if not 0 <= pair.weight < math.inf:
                raise ValueError(f"weight {pair.weight!r}: must be a number of 0 or more")
        self.variants = tuple(dict.fromkeys(name for pair in pairs for name in (pair.left, pair.right)))
        places = {name: place for place, name in enumerate(self.variants)}
        self.left: Ints = np.array([places[pair.left] for pair in pairs], np.intp)
        self.right: Ints = np.array([places[pair.right] for pair in pairs], np.intp)
        self.won: Floats = np.array([{"left": 0.5, "right": -0.5, "tie": 0.0}[pair.preferred] for pair in pairs])
        self.tied: Floats = np.array([float(pair.preferred == "tie") for pair in pairs])
        self.weight: Floats = np.array([pair.weight for pair in pairs])
        judges: dict[Hashable, int] = {}
        self.judge: Ints = np.array(
            [
                judges.setdefault(place if pair.judge is None else pair.judge, len(judges))
                for place, pair in enumerate(pairs)
            ],
            np.intp,
        )
        size = len(self.variants)
        self._half = np.zeros((len(pairs), size + 1))
        """What x has of each strength and of the first's advantage, doubled."""
        rows = np.arange(len(pairs))
        self._half[rows, self.left] = 1.0
        self._half[rows, self.right] = -1.0
        self._half[:, size] = 1.0

    def held(self, order: bool) -> NDArray[np.bool_]:
        """The parameters that stay at 0 (or, for ties that never were, out of play)."""
        held = np.zeros(len(self.variants) + 2, bool)
        held[-2] = not order
        held[-1] = not (self.tied * self.weight).any()
        return held

    def _expected(self, place: Floats, held: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Half the left's surplus of wins and the ties to be expected, a pair."""
        x = self._half @ place[:-1] / 2
        ties = 0.0 if held[-1] else np.exp(place[-1])
        total = np.exp(x) + np.exp(-x) + ties
        return np.sinh(x) / total, np.asarray(ties / total)

    def _scores(self, place: Floats, held: NDArray[np.bool_]) -> Floats:
        """Each pair's part in the slope of the log-likelihood."""
        surplus, ties = self._expected(place, held)
        parts = np.column_stack([self._half * (self.won - surplus)[:, None], self.tied - ties])
        parts[:, held] = 0.0
        return np.asarray(parts * self.weight[:, None])

    def slope(self, place: Floats, held: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """The slope of the log-posterior and its information: the variances of what is summed, and the prior's."""
        surplus, ties = self._expected(place, held)
        square = (1 - ties) / 4 - surplus**2
        both = -surplus * ties
        weighted = self._half * self.weight[:, None]
        information = np.zeros((len(place), len(place)))
        information[:-1, :-1] = weighted.T @ (self._half * square[:, None])
        information[:-1, -1] = information[-1, :-1] = weighted.T @ both
        information[-1, -1] = (self.weight * ties * (1 - ties)).sum()
        information[held] = information[:, held] = 0.0
        information += np.eye(len(place)) * self._certain
        gradient = self._scores(place, held).sum(axis=0) - place * self._certain
        return gradient, information

    def told(self, place: Floats, held: NDArray[np.bool_]) -> Strengths:
        size = len(self.variants)
        _, information = self.slope(place, held)
        inverse: Floats = np.asarray(np.linalg.inv(information), float)
        centred = place[:size] - (place[:size].mean() if size else 0.0)
        equal = 0.0 if held[-1] else math.exp(place[-1]) / (2 + math.exp(place[-1]))
        return Strengths(
            variants=self.variants,
            strength=dict(zip(self.variants, centred.tolist(), strict=True)),
            first=float(place[size]),
            ties=equal,
            groups=self._groups(),
            pairs=len(self.won),
            covariances=(inverse[:size, :size], self._by_judges(place, held, inverse)[:size, :size]),
        )

    def _by_judges(self, place: Floats, held: NDArray[np.bool_], inverse: Floats) -> Floats:
        """The sandwich of Huber and White over judges; judges of few pairs each leave it as the model has it."""
        judges = int(self.judge.max(initial=-1)) + 1
        if judges < 2:
            return inverse
        scores = np.zeros((judges, len(place)))
        np.add.at(scores, self.judge, self._scores(place, held))
        return np.asarray(inverse @ (scores.T @ scores) @ inverse * judges / (judges - 1))

    def _groups(self) -> tuple[frozenset[str], ...]:
        groups = [{name} for name in self.variants]
        of = dict(zip(self.variants, groups, strict=True))
        for left, right in zip(self.left.tolist(), self.right.tolist(), strict=True):
            one, other = of[self.variants[left]], of[self.variants[right]]
            if one is not other:
                one |= other
                of.update(dict.fromkeys(other, one))
        return tuple(frozenset(group) for group in {id(group): group for group in of.values()}.values())
