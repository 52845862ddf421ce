"""Watches an agent's raters for those who learn from them: what their thumbs come to, and whom they favour."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from policies.alarms import favour_alarm
from policies.believed import Crowd, Thumb, crowd_of, gold_of
from proxy.rewards.units import Said, mean
from records.score import GOLD, THUMBS, Score
from stores.ledger import Ledger, ScoreFilter
from stores.runs import RunFilter, RunStore

_VOTES: Final = 5_000
"""The last ones are looked at; they are known within half a second."""
_MINUTE_NS: Final = 60 * 10**9
_DAY_NS: Final = 86_400 * 10**9
_AT_ONCE: Final = 500


class RaterWatch:
    """`clock` is in nanoseconds since the epoch. Both methods raise `StoreError`."""

    def __init__(
        self,
        agent: str,
        tenant: str,
        runs: RunStore,
        ledger: Ledger,
        *,
        clock: Callable[[], int],
        config_hash: str = "",
    ) -> None:
        self._agent = agent
        self._tenant = tenant
        self._runs = runs
        self._ledger = ledger
        self._clock = clock
        self._config_hash = config_hash
        self._crowd = Crowd(None, {})
        self._seen: tuple[object, ...] = ()
        self._look_at_ns = 0
        self._day = -1

    def combine(self, evaluator: str, said: Sequence[Said]) -> float:
        """What several raters said of one run, as one value: thumbs by what is known of the raters."""
        if evaluator != THUMBS or not said:
            return mean(evaluator, said)
        return self._crowd.chance(said[0].run, [Thumb(each.rater, each.value >= 0.5) for each in said])

    def look(self) -> None:
        """Once a minute learns what is new of the raters, once a day whether they favour a variant. Call it often."""
        now_ns = self._clock()
        if now_ns < self._look_at_ns:
            return
        thumbs, golden = self._newest(THUMBS, 1), self._newest(GOLD, 1)
        seen = (thumbs, golden)
        if seen != self._seen:
            scores, gold = self._newest(THUMBS, _VOTES), gold_of(self._newest(GOLD, _VOTES))
            self._crowd = crowd_of(scores, gold)
            if now_ns // _DAY_NS != self._day:
                self._day = now_ns // _DAY_NS
                self._raise_alarm(scores, gold, now_ns)
            self._seen = seen
        self._look_at_ns = now_ns + _MINUTE_NS

    def _raise_alarm(self, scores: Sequence[Score], gold: dict[str, float], now_ns: int) -> None:
        seed = hashlib.blake2b(f"{self._agent}\0{self._day}".encode(), digest_size=8).digest()
        alarm = favour_alarm(
            self._agent,
            self._tenant,
            scores,
            variants=self._variants(scores),
            gold=gold,
            now_ns=now_ns,
            random=np.random.default_rng(int.from_bytes(seed, "big")),
            config_hash=self._config_hash,
        )
        if alarm is not None:
            self._ledger.add_decision(alarm)

    def _newest(self, evaluator: str, limit: int) -> list[Score]:
        return self._ledger.scores(ScoreFilter(agent=self._agent, evaluator=evaluator), limit)

    def _variants(self, scores: Sequence[Score]) -> dict[str, str]:
        """The variants of the runs, by the runs' ids."""
        ids = list({score.subject for score in scores})
        found: dict[str, str] = {}
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            which = RunFilter(ids=some, agent=self._agent)
            found.update((run.id, run.variant) for run in self._runs.find(which, limit=len(some)))
        return found
