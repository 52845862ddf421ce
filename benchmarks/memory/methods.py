"""Ways to tell which answers harm: the product's, and two that are often used."""

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Protocol

from policies.retrieval.uplift import Seen, UpliftState, fold, to_retire

LEVEL = 0.05
"""Of the other two, at each look."""
_FEW = 5


class Method(Protocol):
    def see(self, call: Seen) -> None: ...

    def harmful(self) -> list[str]:
        """Those that are to be retired by what was seen so far."""
        ...


class Burnish:
    """The product's."""

    def __init__(self) -> None:
        self.state = UpliftState()

    def see(self, call: Seen) -> None:
        fold(self.state, [call])

    def harmful(self) -> list[str]:
        return to_retire(self.state)


class Tally:
    """Successes and calls, with an answer and without it."""

    def __init__(self) -> None:
        self.shown = [0.0, 0]
        self.hidden = [0.0, 0]

    def count(self, shown: bool, reward: float) -> None:
        side = self.shown if shown else self.hidden
        side[0] += reward
        side[1] += 1

    def worse(self) -> bool:
        """The two-proportion test, one-sided."""
        (won, n), (others, m) = self.shown, self.hidden
        if min(n, m) < _FEW:
            return False
        pooled = (won + others) / (n + m)
        error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        return bool(error) and (won / n - others / m) / error < NormalDist().inv_cdf(LEVEL)


class Peeking:
    """Calls that were shown the answer beside those where it qualified and was not, tested anew at each look."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}

    def see(self, call: Seen) -> None:
        assert call.reward is not None
        for name, shown in zip(call.ids, call.shown, strict=True):
            self.tallies.setdefault(name, Tally()).count(shown, call.reward)

    def harmful(self) -> list[str]:
        return [name for name, tally in self.tallies.items() if tally.worse()]


class Counting(Peeking):
    """Calls that were shown the answer beside all others: what counters of helpful and harmful uses tell."""

    def __init__(self) -> None:
        super().__init__()
        self.all = [0.0, 0]

    def see(self, call: Seen) -> None:
        assert call.reward is not None
        self.all = [self.all[0] + call.reward, self.all[1] + 1]
        for name, shown in zip(call.ids, call.shown, strict=True):
            if shown:
                self.tallies.setdefault(name, Tally()).count(True, call.reward)

    def harmful(self) -> list[str]:
        for tally in self.tallies.values():
            tally.hidden = [self.all[0] - tally.shown[0], self.all[1] - tally.shown[1]]
        return super().harmful()


METHODS: Mapping[str, Callable[[], Method]] = {"burnish": Burnish, "peeking": Peeking, "counting": Counting}
TITLES = {
    "burnish": "Burnish",
    "peeking": f"two-proportion test at {LEVEL:g}, at each look",
    "counting": f"shown against all other calls at {LEVEL:g}",
}
