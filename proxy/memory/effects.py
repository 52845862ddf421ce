"""What being shown answers did to the rewards of calls: each is counted once its rewards are in."""

from collections.abc import Sequence

import msgspec

from policies.retrieval import uplift
from policies.retrieval.uplift import Seen
from proxy.config.reward import Reward
from proxy.memory.notes import Notes
from proxy.memory.past import shown_in
from proxy.rewards.value import means_of, share_of
from records.run import Run
from records.score import Score
from stores.ledger import Ledger, ScoreFilter
from stores.runs import RunStore


class _Shown(msgspec.Struct, frozen=True):
    ids: tuple[str, ...]
    shown: tuple[bool, ...]
    held_out: bool
    holdout: float
    drop: float
    observed: bool = False


class Effects:
    """Reads runs in the order in which they were put, as soon as the time is over in which scores are waited for."""

    def __init__(self, agent: str, reward: Reward, runs: RunStore, ledger: Ledger, notes: Notes) -> None:
        self._agent = agent
        self._reward = reward
        self._wait_ns = int(reward.wait * 1e9)
        self._runs = runs
        self._ledger = ledger
        self._notes = notes
        self._not_before_ns = 0

    def settle(self, now_ns: int, at_once: int) -> bool:
        """Counts the calls whose time has come. True where there are more."""
        if now_ns < self._not_before_ns:
            return False
        notes = self._notes
        read = self._runs.after(notes.settled, at_once, self._agent)
        settled: list[Run] = []
        upto = notes.settled
        for seq, run, _ in read.runs:
            if run.ended_ns + self._wait_ns > now_ns:
                self._not_before_ns = run.ended_ns + self._wait_ns
                break
            settled.append(run)
            upto = seq
        else:
            upto = read.upto
        self._fold(settled)
        notes.settled = upto
        return len(settled) == at_once

    def _fold(self, runs: Sequence[Run]) -> None:
        shown = {run.id: found for run in runs if (found := _shown(run)) is not None}
        if not shown:
            return
        scores: dict[str, list[Score]] = {}
        for score in self._ledger.scores(ScoreFilter(agent=self._agent, subjects=list(shown))):
            scores.setdefault(score.subject, []).append(score)
        calls = ((run, found) for run in runs if (found := shown.get(run.id)) is not None)
        uplift.fold(
            self._notes.uplift,
            [found._replace(reward=self._earned(run, scores.get(run.id, ()))) for run, found in calls],
        )

    def _earned(self, run: Run, scores: Sequence[Score]) -> float | None:
        """From 0 to 1; every rater counts alike. What was said after the time was over counts for nothing."""
        said = means_of(scores, run.ended_ns + self._wait_ns)
        return share_of(self._reward, said, run.cost_usd or 0.0, run.duration_ms / 1e3)


def _shown(run: Run) -> Seen | None:
    """What a call was shown, without its reward; None where nothing qualified, the step only looked on,
    or the call is not the agent's own."""
    attributes = shown_in(run)
    if attributes is None or run.source != "live" or run.turn != "main":
        return None
    try:
        found = msgspec.convert(attributes, _Shown, strict=False)
    except msgspec.ValidationError:
        return None
    return (
        Seen(found.ids, found.shown, found.held_out, found.holdout, found.drop, None)
        if found.ids and not found.observed
        else None
    )
