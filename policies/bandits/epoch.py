"""What is published: a probability per variant, in force until the next epoch, and why it changed."""

from collections.abc import Mapping

import msgspec


class Epoch(msgspec.Struct, frozen=True):
    """Probabilities sum to 1, in the order of the eligible variants; a stopped variant's is 0.

    An epoch follows from the bandit's state and the epoch before it, which alone remembers when variants joined.
    """

    number: int
    at_ns: int
    policy: str
    probabilities: dict[str, float]
    strata: dict[str, dict[str, float]] = {}
    """Probabilities of calls told apart by context; empty where they are not."""

    joined: dict[str, int] = {}
    """When each variant became eligible."""

    stopped: dict[str, str] = {}
    """Stopped variants and why."""

    winner: str | None = None
    regime: int = 1
    why: tuple[str, ...] = ()
    """What happened since the epoch before, in words; empty where only shares moved."""

    def shares(self, stratum: str | None = None) -> Mapping[str, float]:
        """The probabilities for calls of that stratum, or for those of none."""
        return self.strata.get(stratum, self.probabilities) if stratum is not None else self.probabilities
