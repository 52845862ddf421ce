"""When a tool counts as broken, as its agent's owner may set it."""

import math

import msgspec


class BreakerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`in_a_row` failures open at once, where so many are as unlikely for this tool as `between_false` demands.

    Otherwise it opens when calls speak for a rate of failures of `broken` rather than `tolerated`. One that fails as
    often as is tolerated is opened by mistake once in `between_false` calls or less often. Times are in seconds.
    """

    in_a_row: int = 5
    tolerated: float = 0.2
    broken: float = 0.5
    between_false: float = 30_000
    cooldown: float = 30.0
    longest_cooldown: float = 600.0
    """Each trial that fails doubles the cooldown up to this."""

    trials: int = 5
    """That have to work; one that fails takes back two."""

    def __post_init__(self) -> None:
        if not 0 < self.tolerated < self.broken < 1:
            raise ValueError("tolerated and broken: need 0 < tolerated < broken < 1")
        if self.in_a_row < 1 or self.trials < 1 or self.between_false <= 1:
            raise ValueError("in_a_row and trials must be at least 1, between_false more than 1")
        if not 0 < self.cooldown <= self.longest_cooldown:
            raise ValueError("cooldown must be positive, and at most longest_cooldown")

    @property
    def failed(self) -> float:
        """What a failure adds to the log evidence that a tool is broken."""
        return math.log(self.broken / self.tolerated)

    @property
    def worked(self) -> float:
        """What a call that worked adds; less than 0."""
        return math.log((1 - self.broken) / (1 - self.tolerated))

    @property
    def enough(self) -> float:
        return math.log(self.between_false)
