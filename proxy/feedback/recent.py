"""The runs that this worker has just recorded, which the store may not know of yet."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from records.run import Run
from stores.known import KnownRun

_CAPACITY: Final = 4096
_FRESH_NS: Final = 60 * 10**9
"""Later the store knows: what was erased since is not to be remembered here."""


class _Noted(NamedTuple):
    run: KnownRun
    response_id: str | None
    ended_ns: int


class RecentRuns:
    """The last ones of the last minute. `wall` is in nanoseconds since the epoch."""

    def __init__(self, wall: Callable[[], int], capacity: int = _CAPACITY) -> None:
        self._wall = wall
        self._capacity = capacity
        self._runs: OrderedDict[str, _Noted] = OrderedDict()
        self._answered: dict[tuple[str, str], list[str]] = {}

    def note(self, run: Run) -> None:
        known = KnownRun(run.id, run.tenant, run.agent, run.user)
        self._runs[run.id] = _Noted(known, run.response_id, run.ended_ns)
        if run.response_id is not None:
            self._answered.setdefault((run.agent, run.response_id), []).append(run.id)
        if len(self._runs) > self._capacity:
            self._forget(self._runs.popitem(last=False)[1])

    def get(self, run_id: str) -> KnownRun | None:
        noted = self._runs.get(run_id)
        return noted.run if noted is not None and self._is_fresh(noted) else None

    def answered(self, agent: str, response_id: str) -> list[KnownRun]:
        """The agent's runs whose answer has this id."""
        found = (self.get(run_id) for run_id in self._answered.get((agent, response_id), ()))
        return [run for run in found if run is not None]

    def _is_fresh(self, noted: _Noted) -> bool:
        return self._wall() - noted.ended_ns < _FRESH_NS

    def _forget(self, noted: _Noted) -> None:
        if noted.response_id is not None:
            key = (noted.run.agent, noted.response_id)
            self._answered[key].remove(noted.run.id)
            if not self._answered[key]:
                del self._answered[key]
