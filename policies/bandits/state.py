"""What a bandit has seen, as sufficient statistics: small, and the same for the same events in the same order."""

from typing import Literal

import msgspec

from policies.bandits.settings import Limits


class Reward(msgspec.Struct, frozen=True):
    """What one assignment earned, once it is known or its time is up."""

    variant: str
    value: float
    at_ns: int = 0
    id: str = ""
    """Of the assignment. Whoever folds takes care that none is folded twice."""

    context: tuple[float, ...] | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What a call did besides earning a reward. None: not known."""

    variant: str
    at_ns: int = 0
    error: bool = False
    violations: int = 0
    latency_ms: float | None = None
    cost_usd: float | None = None


class Bin(msgspec.Struct, frozen=True, array_like=True):
    """Rewards that came one after the other."""

    n: int
    total: float
    since_ns: int


class Count(msgspec.Struct, frozen=True, array_like=True):
    """How often something was looked at, and what it came to in all; each time between 0 and 1."""

    n: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else 0.0


class Linear(msgspec.Struct, frozen=True, array_like=True):
    """Sums of a regression: of x xᵀ (the lower triangle, row by row) and of x (y - 1/2); x begins with a 1."""

    n: int
    gram: tuple[float, ...]
    moment: tuple[float, ...]


class ArmState(msgspec.Struct):
    """One variant's statistics. Rewards are scaled: 0 is the worst, 1 the best."""

    n: int = 0
    """Rewards since the last restart, of which `total` and `squares` are sums too."""

    total: float = 0.0
    squares: float = 0.0
    rewards: int = 0
    """Rewards ever."""

    bins: dict[str, tuple[Bin, ...]] = {}
    """By stratum, or under "" where calls are not told apart: rewards since the last restart in the order they came,
    the older the coarser; the last may be filling."""

    beats: dict[str, float] = {}
    """The strongest log evidence since the last restart that this variant is better than the other named."""

    linear: Linear | None = None
    calls: dict[str, Count] = {}
    """What calls did, by the limit they were held against."""

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else 0.5


class Stop(msgspec.Struct, frozen=True):
    """Why a variant gets no traffic."""

    reason: str
    at_ns: int


class Restart(msgspec.Struct, frozen=True):
    """A variant's rewards changed, so that what was known was forgotten. Means are in the units of rewards."""

    variant: str
    at_ns: int
    changed_ns: int
    """When it seems to have changed."""

    before: float
    after: float
    forgot: Literal["all", "arm"]
    """Every variant's rewards, or this one's."""


class BanditState(msgspec.Struct, frozen=True):
    """All arms that events were seen of."""

    arms: dict[str, ArmState] = {}
    stops: dict[str, Stop] = {}
    regime: int = 1
    """1, and 1 more for each restart."""

    restarts: tuple[Restart, ...] = ()
    """The latest few."""

    limits: Limits = Limits()
    """What calls were held against; where limits change, calls are counted anew."""

    def arm(self, variant: str) -> ArmState:
        """That variant's, or that of one nothing is known of."""
        return self.arms.get(variant) or ArmState()
