"""How strongly rewards speak against a claim about their means, however often one looks.

A claim ("this arm is no better than that one", "its mean never changed", "it keeps its limit") is tested by the
likelihood of what was seen under a mixture of all means, over its highest likelihood under any mean the claim allows.
Were the claim true, that ratio would be a non-negative supermartingale that starts at 1, so it ever reaches 1/α with
probability at most α (Ville 1939; Robbins 1970; Kaufmann & Koolen 2021 for bandits): the tests hold whenever one looks,
and whatever rule chose the arms. The likelihoods are Bernoulli's; for graded values in [0, 1] the bound still holds, as
(p/q)^x ((1-p)/(1-q))^(1-x) is convex in x and thus expected to be at most 1 when x has mean q.

Evidence is a natural logarithm; `n` values sum up to `total`.
"""

import math

_LOG_PI = math.log(math.pi)


def mixture(n: float, total: float) -> float:
    """Log-likelihood under all means at once, weighted by Jeffreys' prior, Beta(1/2, 1/2)."""
    return math.lgamma(total + 0.5) + math.lgamma(n - total + 0.5) - math.lgamma(n + 1.0) - _LOG_PI


def likeliest(n: float, total: float) -> float:
    """The highest log-likelihood that one mean gives: that of the sample's own."""
    return at(n, total, total / n) if n else 0.0


def at(n: float, total: float, mean: float) -> float:
    """Log-likelihood under that mean."""
    missed = n - total
    if (total > 0 and mean <= 0) or (missed > 0 and mean >= 1):
        return -math.inf
    won = total * math.log(mean) if total > 0 else 0.0
    return won + missed * math.log1p(-mean) if missed > 0 else won


def above(n: int, total: float, limit: float) -> float:
    """Against "the mean is at most `limit`"; 0 where the sample's mean is."""
    if not n or total <= n * limit:
        return 0.0
    return mixture(n, total) - at(n, total, limit)


def better(n: int, total: float, other_n: int, other_total: float) -> float:
    """Against "the first arm's mean is at most the other's"; 0 where the samples' are."""
    if not n or not other_n or total * other_n <= other_total * n:
        return 0.0
    # Of all pairs of means the claim allows, that of both at the pooled mean is the likeliest.
    return mixture(n, total) + mixture(other_n, other_total) - likeliest(n + other_n, total + other_total)


def divergence(p: float, q: float) -> float:
    """Kullback-Leibler, of Bernoulli laws with these means."""
    if q <= 0 or q >= 1:
        return 0.0 if p == q else math.inf
    gained = p * math.log(p / q) if p > 0 else 0.0
    return gained + (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else gained
