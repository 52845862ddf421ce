"""What an owner sets about a bandit: its policy, and what the policy may never do.

They are read from YAML with `msgspec.convert`; each policy is told by its `policy` key.
"""

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


class _Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="policy"):
    pass


class Fixed(_Policy, frozen=True, tag="fixed"):
    """One variant gets all."""

    variant: str


class Weighted(_Policy, frozen=True, tag="weighted"):
    """The owner's own shares; a variant left out gets nothing."""

    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        _require(
            all(math.isfinite(w) and w >= 0 for w in self.weights.values()) and sum(self.weights.values()) > 0,
            "weights must not be negative, and at least one must be positive",
        )


class Thompson(_Policy, frozen=True, tag="thompson"):
    """Each variant's share is the probability that it is the best (Thompson 1933; Chapelle & Li 2011).

    `beta` suits successes; `gaussian` (unknown mean and variance) learns faster from graded scores that vary little.
    """

    likelihood: Literal["beta", "gaussian"] = "beta"
    draws: int = 4096
    """Draws from the posteriors an epoch; the shares are known to about 1 in 2 √draws. With 1, an epoch is one pull of
    the textbook's algorithm."""

    def __post_init__(self) -> None:
        _require(self.draws >= 1, f"draws must be at least 1, not {self.draws}")


class Ucb(_Policy, frozen=True, tag="ucb"):
    """The variant whose mean could be highest: KL-UCB (Garivier & Cappé 2011) or UCB1 (Auer et al. 2002)."""

    index: Literal["kl", "ucb1"] = "kl"
    batch: int = 1
    """How many rewards an epoch is expected to bring: the share is what the index would pull in as many pulls."""

    def __post_init__(self) -> None:
        _require(self.batch >= 1, f"batch must be at least 1, not {self.batch}")


class TrackAndStop(_Policy, frozen=True, tag="track_and_stop"):
    """Finds the best variant with as few pulls as can be, then gives it all save the floor (Garivier & Kaufmann 2016).

    The probability that a variant is ever named the winner without being better than all others is at most `delta`,
    over all regimes together.
    """

    delta: float = 0.05

    def __post_init__(self) -> None:
        _require(0 < self.delta < 1, f"delta must lie between 0 and 1, not {self.delta}")


class Contextual(_Policy, frozen=True, tag="contextual"):
    """A share per stratum of calls, from a linear model per variant (LinUCB, Li et al. 2010; linear Thompson).

    A call's context is a small vector, fixed when its session begins. An epoch can not publish shares for every vector,
    so it publishes them for each of a few `strata`; a call belongs to the nearest. The models learn from the vectors
    themselves (a constant is added), so strata teach one another.
    """

    strata: Mapping[str, tuple[float, ...]]
    """A name and the vector in its middle."""

    method: Literal["thompson", "linucb"] = "thompson"
    min_rewards: int = 500
    """Until so many rewards with a context came, calls are not told apart, and `below` decides."""

    below: Thompson = Thompson()
    noise: float = 0.5
    """Standard deviation of a reward around its mean, in units of `bounds`; .5 holds for every reward in them."""

    width: float = 1.0
    """LinUCB's bound, in standard deviations."""

    ridge: float = 1.0
    """How many pulls' worth of evidence the prior has: that all coefficients are 0 and the mean is the middle."""

    draws: int = 4096

    def __post_init__(self) -> None:
        _require(len(self.strata) >= 1, "strata: name at least one")
        _require(len({len(middle) for middle in self.strata.values()}) == 1, "strata: all vectors must be equally long")
        for name, value in (("noise", self.noise), ("width", self.width), ("ridge", self.ridge)):
            _require(value > 0, f"{name} must be positive, not {value}")
        _require(self.draws >= 1, f"draws must be at least 1, not {self.draws}")

    @property
    def features(self) -> int:
        return len(next(iter(self.strata.values())))


Policy: TypeAlias = Fixed | Weighted | Thompson | Ucb | TrackAndStop | Contextual


class Ramp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a new variant's largest share grows from `start` to all: with its rewards and its age, the slower counts."""

    start: float = 0.1
    rewards: int = 100
    seconds: float = 0.0

    def __post_init__(self) -> None:
        _require(0 < self.start <= 1, f"ramp: start must lie above 0 and at most at 1, not {self.start}")
        _require(self.rewards >= 0 and self.seconds >= 0, "ramp: rewards and seconds must not be negative")


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What no variant may do, however well it is rewarded. None: not watched.

    A variant is stopped when the calls contradict "it keeps the limit" at level `alpha`, a metric at a time, looked at
    after every call: see `policies.bandits.evidence`. With a limit of 0 one case is enough.
    """

    error_rate: float | None = None
    violation_rate: float | None = None
    """Share of calls with at least one violation."""

    latency_p95_ms: float | None = None
    mean_cost_usd: float | None = None
    alpha: float = 0.01

    def __post_init__(self) -> None:
        _require(0 < self.alpha < 1, f"limits: alpha must lie between 0 and 1, not {self.alpha}")
        for name, rate in (("error_rate", self.error_rate), ("violation_rate", self.violation_rate)):
            _require(rate is None or 0 <= rate < 1, f"limits: {name} must be at least 0 and below 1, not {rate}")
        for name, top in (("latency_p95_ms", self.latency_p95_ms), ("mean_cost_usd", self.mean_cost_usd)):
            _require(top is None or top > 0, f"limits: {name} must be positive, not {top}")


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Start over when a variant's rewards are not what they were.

    `delta` bounds the probability of ever starting over though no variant's mean changed.
    """

    delta: float = 0.01
    restart: Literal["all", "arm"] = "all"
    """What is forgotten: every variant's rewards, as what changed one may have changed all, or only that variant's."""

    def __post_init__(self) -> None:
        _require(0 < self.delta < 1, f"change: delta must lie between 0 and 1, not {self.delta}")


class BanditSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy and its reins."""

    policy: Policy = Thompson()
    incumbent: str = "base"
    """Takes what ramps hold back from the others, and all when every variant is stopped."""

    floor: float = 0.05
    """The least share of a variant that is not stopped; an equal share each where that would be more than all."""

    ramp: Ramp | None = Ramp()
    limits: Limits = Limits()
    change: Change | None = Change()
    bounds: tuple[float, float] = (0.0, 1.0)
    """The worst and the best reward. What lies outside counts as the nearer of them."""

    def __post_init__(self) -> None:
        _require(0 <= self.floor <= 1, f"floor must lie between 0 and 1, not {self.floor}")
        low, high = self.bounds
        _require(math.isfinite(low) and math.isfinite(high) and low < high, f"bounds: {low} is not below {high}")

    def scaled(self, value: float) -> float:
        """A reward, 0 at the worst and 1 at the best."""
        if not math.isfinite(value):
            raise ValueError(f"a reward must be a finite number, not {value}")
        low, high = self.bounds
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def unscaled(self, value: float) -> float:
        low, high = self.bounds
        return low + value * (high - low)
