"""The units that earn rewards: a session's calls (or a user's, or one call alone), and what was said of them.

A unit begins with a call and takes in the calls that begin within `wait` of that. It is settled when every evaluator
that counts has spoken, else once `wait` has passed since its last call. Later scores change nothing, and later calls
begin another unit. All this goes by the times that runs and scores carry, never by when they were read.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from proxy.config.reward import Reward
from proxy.rewards.value import worth
from records.run import Run
from records.score import Score

Sticky: TypeAlias = Literal["session", "user", "call"]

MOST_UNITS: Final = 50_000
"""Waiting at once; more, and the oldest are settled as if their time were over."""
_MOST_CALLS: Final = 1_000
"""Of one unit, whose scores can be joined to it."""
_MOST_EARLY: Final = 10_000


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What one rater said of one run, on the evaluator's scale."""

    evaluator: str
    run: str
    rater: str
    value: float
    at_ns: int


Combine: TypeAlias = Callable[[str, Sequence[Said]], float]
"""Makes one value of what several raters said of one run; given the evaluator."""


def mean(evaluator: str, said: Sequence[Said]) -> float:
    """Every rater counts alike."""
    return sum(each.value for each in said) / len(said)


class Unit(msgspec.Struct, array_like=True):
    """What keeps one variant, and what came of it so far."""

    key: str
    tenant: str
    variant: str
    policy: str
    epoch: str
    propensity: float
    context: tuple[float, ...] | None
    began_ns: int
    until_ns: int
    """When its last call ended."""

    calls: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    runs: list[str] = []
    said: dict[str, Said] = {}
    """By the score's id."""

    settled: bool = False
    rewarded: bool = False
    """Its reward is on record."""

    @property
    def id(self) -> str:
        """That of its first call."""
        return self.runs[0]


class Earned(msgspec.Struct, frozen=True):
    """What a settled unit came to. `said` is what each evaluator that spoke came to, on its own scale."""

    unit: Unit
    value: float
    said: Mapping[str, float]


class Kept(msgspec.Struct):
    """What must outlive the process."""

    units: list[Unit] = []
    early: dict[str, dict[str, Said]] = {}
    """Scores of runs that are not there yet, by run and by the score's id."""
    late: int = 0
    """Scores that came too late to count."""


class Units:
    """Those that wait. `last_word` are evaluators that have not spoken until they did of the last call."""

    def __init__(
        self, reward: Reward, sticky: Sticky, kept: Kept, *, last_word: Iterable[str] = (), combine: Combine = mean
    ) -> None:
        self._reward = reward
        self._sticky = sticky
        self._combine = combine
        self._wait_ns = int(reward.wait * 1e9)
        self._last_word = frozenset(last_word)
        self._asked = frozenset(name for name, score in reward.scores.items() if score.weight)
        self._units: dict[str, Unit] = {}
        self._newest: dict[str, Unit] = {}
        self._of_run: dict[str, Unit] = {}
        self._ends: list[tuple[int, str]] = []
        self._spoken: dict[str, Unit] = {}
        self._early = kept.early
        self.late = kept.late
        for unit in kept.units:
            self._add(unit)
            for run in unit.runs:
                self._of_run[run] = unit
            if not unit.settled and self._has_been_told(unit):
                self._spoken[unit.id] = unit

    def kept(self) -> Kept:
        return Kept(list(self._units.values()), self._early, self.late)

    def waiting(self) -> dict[str, int]:
        """How many units of each variant are not settled."""
        found: dict[str, int] = {}
        for unit in self._units.values():
            if not unit.settled:
                found[unit.variant] = found.get(unit.variant, 0) + 1
        return found

    def run(self, run: Run) -> None:
        """A live call of the agent's own turn, in the order in which they were put."""
        assignment = run.assignment
        if assignment is None or run.id in self._of_run:
            return
        key = self._key(run)
        unit = self._newest.get(key)
        if unit is None or unit.variant != run.variant or run.started_ns >= unit.began_ns + self._wait_ns:
            unit = Unit(
                key,
                run.tenant,
                run.variant,
                assignment.policy,
                assignment.epoch,
                assignment.propensity,
                assignment.context,
                run.started_ns,
                run.ended_ns,
                runs=[run.id],
            )
            self._add(unit)
        else:
            if len(unit.runs) == _MOST_CALLS:
                # The first names the unit.
                del self._of_run[unit.runs.pop(1)]
            unit.runs.append(run.id)
        unit.calls += 1
        unit.cost_usd += run.cost_usd or 0.0
        unit.seconds += run.duration_ms / 1e3
        unit.until_ns = max(unit.until_ns, run.ended_ns)
        self._of_run[run.id] = unit
        # What implicit evaluators have to say of the last call is to come.
        if self._spoken.get(unit.id) and not self._has_been_told(unit):
            del self._spoken[unit.id]
        for id, said in self._early.pop(run.id, {}).items():
            self._join(id, said)

    def score(self, score: Score) -> None:
        """Of a pair, the run that was preferred has the score's value, and the other 0."""
        if score.value is None or score.evaluator not in self._asked:
            return
        said = Said(score.evaluator, score.subject, score.rater, score.value, score.created_ns)
        self._put(score.id, said)
        if score.against is not None:
            self._put(f"{score.id}-", msgspec.structs.replace(said, run=score.against, value=0.0))

    def settle(self, now_ns: int) -> list[Earned]:
        """What the units earned whose time has come, save those that earned nothing."""
        due = list(self._spoken.values())
        self._spoken = {}
        while (self._ends and self._ends[0][0] <= now_ns) or len(self._units) > MOST_UNITS:
            _, id = heapq.heappop(self._ends)
            unit = self._units[id]
            if (ends := unit.until_ns + self._wait_ns) > now_ns and len(self._units) <= MOST_UNITS:
                heapq.heappush(self._ends, (ends, id))
                continue
            if not unit.settled:
                due.append(unit)
            self._drop(unit)
        before_ns = now_ns - self._wait_ns
        for run in [run for run, said in self._early.items() if all(each.at_ns <= before_ns for each in said.values())]:
            del self._early[run]
        earned = []
        for unit in due:
            if not unit.settled:
                unit.settled = True
                if (found := self._earned(unit)) is not None:
                    earned.append(found)
        return earned

    def rewarded(self, run: str) -> bool:
        """Notes that the reward of the unit that began with this run is on record; false where that was known."""
        unit = self._units.get(run)
        if unit is None:
            return True
        known, unit.settled, unit.rewarded = unit.rewarded, True, True
        self._spoken.pop(run, None)
        return not known

    def _key(self, run: Run) -> str:
        if self._sticky == "user" and run.user:
            return f"user {run.user}"
        if self._sticky != "call" and run.session:
            return f"session {run.session}"
        return f"call {run.id}"

    def _add(self, unit: Unit) -> None:
        self._units[unit.id] = unit
        self._newest[unit.key] = unit
        heapq.heappush(self._ends, (unit.until_ns + self._wait_ns, unit.id))

    def _drop(self, unit: Unit) -> None:
        del self._units[unit.id]
        if self._newest.get(unit.key) is unit:
            del self._newest[unit.key]
        for run in unit.runs:
            self._of_run.pop(run, None)

    def _put(self, id: str, said: Said) -> None:
        if said.run in self._of_run:
            self._join(id, said)
        elif said.run in self._early or len(self._early) < _MOST_EARLY:
            # The run may be still on its way into the store.
            self._early.setdefault(said.run, {})[id] = said

    def _join(self, id: str, said: Said) -> None:
        unit = self._of_run[said.run]
        if unit.settled or said.at_ns > unit.until_ns + self._wait_ns:
            self.late += unit.said.get(id) != said
            return
        unit.said[id] = said
        if self._has_been_told(unit):
            self._spoken[unit.id] = unit

    def _has_been_told(self, unit: Unit) -> bool:
        """Whether every evaluator has spoken; where none is asked, only time tells."""
        spoke = {each.evaluator for each in unit.said.values()}
        spoke -= self._last_word
        spoke |= {each.evaluator for each in unit.said.values() if each.run == unit.runs[-1]}
        return bool(self._asked) and spoke >= self._asked

    def _earned(self, unit: Unit) -> Earned | None:
        """Each evaluator counts once: by the mean over the runs it spoke of, and over raters as `combine` says."""
        by_run: dict[tuple[str, str], list[Said]] = {}
        for each in unit.said.values():
            by_run.setdefault((each.evaluator, each.run), []).append(each)
        values: dict[str, list[float]] = {}
        for (evaluator, _), said in by_run.items():
            values.setdefault(evaluator, []).append(self._combine(evaluator, said))
        told = {name: sum(each) / len(each) for name, each in sorted(values.items())}
        value = worth(self._reward, told, unit.cost_usd, unit.seconds / unit.calls)
        return None if value is None else Earned(unit, value, told)
