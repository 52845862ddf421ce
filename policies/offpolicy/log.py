"""Logged decisions, and the weights that make them speak for another policy."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.assignment import probabilities

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]

H = TypeVar("H", bound=Hashable)

Policy: TypeAlias = Mapping[str, float] | Callable[[str], Mapping[str, float]]
"""The probability (or weight) of each variant: the same for all decisions, or by a decision's stratum."""


class NoSupport(ValueError):
    """The log cannot tell about a policy: it wants variants that were not tried."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One decision: the variant chosen, the exact probability it had, and the reward, None while it has not come.

    Decisions of one `session` count as one observation; without one each stands for itself. `eligible` are the variants
    that could have been chosen, where they are fewer than all in the log (one was added later, or stopped).
    """

    variant: str
    propensity: float
    reward: float | None
    session: str | None = None
    stratum: str = ""
    eligible: tuple[str, ...] | None = None


class Log:
    """Decisions as arrays, in the order they were made; those whose propensity is none are left out and counted."""

    def __init__(self, decisions: Sequence[Logged]) -> None:
        rows = [row for row in decisions if 0 < row.propensity <= 1]
        self.broken = len(decisions) - len(rows)
        self.variants, self._chosen = numbered([row.variant for row in rows])
        self._propensity = np.array([row.propensity for row in rows], float)
        self._reward = np.array([math.nan if row.reward is None else row.reward for row in rows], float)
        self._strata, self._stratum = numbered([row.stratum for row in rows])
        _, self._session = numbered([place if row.session is None else row.session for place, row in enumerate(rows)])
        eligible, self._eligible = numbered([row.eligible for row in rows])
        self._allowed: Flags = np.array(
            [[names is None or name in names for name in self.variants] for names in eligible], bool
        ).reshape(len(eligible), len(self.variants))

    def __len__(self) -> int:
        return len(self._chosen)

    @property
    def rewarded(self) -> tuple[str, ...]:
        """The variants of which at least one reward has come."""
        seen = set(self._chosen[~np.isnan(self._reward)].tolist())
        return tuple(name for place, name in enumerate(self.variants) if place in seen)

    def weighted(self, policy: Policy) -> "Weighted":
        """The decisions in which all that the policy wants could have been chosen, weighted for it."""
        target = self._target(policy)
        kept: Flags = (self._allowed[self._eligible] | (target[self._stratum] == 0)).all(axis=1)
        chosen, stratum = self._chosen[kept], self._stratum[kept]
        weighted = Weighted(
            variants=self.variants,
            chosen=chosen,
            reward=self._reward[kept],
            weight=target[stratum, chosen] / self._propensity[kept],
            target=target[stratum],
            stratum=stratum,
            session=numbered(self._session[kept].tolist())[1],
        )
        for place in np.flatnonzero(target.any(axis=0)):
            if not (weighted.answered & (chosen == place)).any():
                raise NoSupport(
                    f"variant {self.variants[place]!r} has no reward yet where the policy could be followed"
                )
        return weighted

    def _target(self, policy: Policy) -> Floats:
        """The policy's probability of each variant, by stratum."""
        rows = []
        for stratum in self._strata:
            wanted = probabilities(policy(stratum) if callable(policy) else policy)
            unknown = sorted(name for name, p in wanted.items() if p > 0 and name not in self.variants)
            if unknown:
                raise NoSupport(
                    f"variant {unknown[0]!r} was never chosen; "
                    "give it traffic (a floor, or some weight) before asking what it earns"
                )
            rows.append([wanted.get(name, 0.0) for name in self.variants])
        if not rows:
            raise NoSupport(
                "no decision in the log has a propensity; only traffic that a policy routed can be weighted"
            )
        return np.array(rows, float)


@dataclass(frozen=True)
class Weighted:
    """Decisions that can speak for a policy: `weight` is its probability of what was chosen over the propensity.

    `reward` is NaN where it has not come; `target[decision, variant]` the policy's probabilities; `session` counts up
    in the order of first decisions.
    """

    variants: tuple[str, ...]
    chosen: Ints
    reward: Floats
    weight: Floats
    target: Floats
    stratum: Ints
    session: Ints

    @property
    def answered(self) -> Flags:
        return ~np.isnan(self.reward)

    def filled(self, reward: float) -> "Weighted":
        """With `reward` for those that have not come."""
        return replace(self, reward=np.where(self.answered, self.reward, reward))

    def missing(self) -> Floats:
        """The share of each variant's decisions whose reward has not come; 0 where it was never chosen."""
        size = len(self.variants)
        made = np.bincount(self.chosen, minlength=size)
        return np.bincount(self.chosen, ~self.answered, size) / np.maximum(made, 1)

    def by_session(self, values: Floats) -> Floats:
        return np.bincount(self.session, values).astype(float)


def numbered(values: Sequence[H]) -> tuple[tuple[H, ...], Ints]:
    """The distinct values in order of appearance, and the place of each among them."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return tuple(places), np.array([places[value] for value in values], np.intp)
