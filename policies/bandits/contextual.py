"""Shares per stratum of calls, from a linear model of each arm's rewards."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from policies.bandits.linear import with_constant
from policies.bandits.settings import Contextual
from policies.bandits.state import ArmState, Linear
from policies.bandits.thompson import best

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """Ridge regression of rewards less 1/2; `inverse` is the coefficients' covariance over the noise's variance."""

    coefficients: Array
    inverse: Array


def ready(policy: Contextual, arms: Sequence[ArmState]) -> bool:
    """Whether so many rewards with a context came that calls may be told apart."""
    return sum(arm.linear.n for arm in arms if arm.linear) >= policy.min_rewards


def shares(policy: Contextual, arms: Sequence[ArmState], random: np.random.Generator) -> dict[str, list[float]]:
    """The arms' shares of each stratum."""
    fits = [fit(policy, arm.linear) for arm in arms]
    middles = np.array([with_constant(middle) for middle in policy.strata.values()])
    if policy.method == "linucb":
        indices = np.array([upper(policy, one, middles) for one in fits])
        top = indices == indices.max(axis=0)
        # Arms that could be as good share alike.
        rows = (top / top.sum(axis=0)).T.tolist()
        return dict(zip(policy.strata, rows, strict=True))
    drawn = np.stack(
        [
            random.multivariate_normal(one.coefficients, policy.noise**2 * one.inverse, policy.draws, method="cholesky")
            @ middles.T
            for one in fits
        ],
        axis=2,
    )
    return {name: best(drawn[:, i, :]) for i, name in enumerate(policy.strata)}


def fit(policy: Contextual, linear: Linear | None) -> Fit:
    d = policy.features + 1
    gram = policy.ridge * np.eye(d)
    moment = np.zeros(d)
    if linear is not None:
        lower = np.zeros((d, d))
        lower[np.tril_indices(d)] = linear.gram
        gram += lower + np.tril(lower, -1).T
        moment += linear.moment
    inverse = np.linalg.inv(gram)
    inverse = (inverse + inverse.T) / 2
    return Fit(inverse @ moment, inverse)


def upper(policy: Contextual, one: Fit, contexts: Array) -> Array:
    """LinUCB's index at each context (a row, with its constant)."""
    variance = np.einsum("ij,jk,ik->i", contexts, one.inverse, contexts)
    bounds: Array = 0.5 + contexts @ one.coefficients + policy.width * policy.noise * np.sqrt(variance)
    return bounds
