"""How far an agent's raters are believed, for what they say of answers: looked at anew once a minute."""

from collections.abc import Callable
from typing import Final

from policies.believed import Crowd, crowd_of, gold_of
from records.score import GOLD, THUMBS, Score
from stores.ledger import Ledger, ScoreFilter

_VOTES: Final = 5_000
"""The last ones are looked at; they are known within half a second."""
_MINUTE_NS: Final = 60 * 10**9


class Raters:
    """`clock` is in nanoseconds since the epoch. Raises `StoreError`."""

    def __init__(self, agent: str, ledger: Ledger, *, clock: Callable[[], int]) -> None:
        self._agent = agent
        self._ledger = ledger
        self._clock = clock
        self._crowd = Crowd(None, {})
        self._seen: object = None
        self._look_at_ns = 0

    def reliability(self, rater: str) -> float | None:
        """How often the rater is right, of good answers and of bad ones alike; None where that is not known."""
        self._look()
        return self._crowd.reliability(rater)

    def _look(self) -> None:
        now_ns = self._clock()
        if now_ns < self._look_at_ns:
            return
        seen = (self._newest(THUMBS, 1), self._newest(GOLD, 1))
        if seen != self._seen:
            self._crowd = crowd_of(self._newest(THUMBS, _VOTES), gold_of(self._newest(GOLD, _VOTES)))
            self._seen = seen
        self._look_at_ns = now_ns + _MINUTE_NS

    def _newest(self, evaluator: str, limit: int) -> list[Score]:
        return self._ledger.scores(ScoreFilter(agent=self._agent, evaluator=evaluator), limit)
