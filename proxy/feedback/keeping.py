"""Keeps votes in the ledger: each once, as many as are allowed, and none that was never cast.

It waits for the store, and so belongs in a thread. Caps are counted in the store, for a person exactly; for everybody
together, and for changes of mind, each worker counts for itself between looks.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from policies.limits import seconds_left
from proxy.errors import ApiError
from proxy.feedback.prompts import prompt_of, request_of
from records.run import JsonValue, Run
from records.score import Score
from stores.known import KnownRun, KnownRuns, open_known_runs
from stores.ledger import Ledger, ScoreFilter, open_ledger
from stores.runs import RunStore, open_store
from stores.segments import segment_names

Became: TypeAlias = Literal["new", "changed", "same"]
Named: TypeAlias = Literal["run_id", "response_id", "preferred_over"]
"""The field that names a run."""

_PATIENCE: Final = 2.0
"""Seconds that a write waits for another's."""
_DAY_NS: Final = 86_400 * 10**9
_LOOK_NS: Final = 10 * 10**9
_KEYS: Final = "idempotency_keys"
_KEYS_KEPT: Final = 8

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class Caps(NamedTuple):
    """How many votes count in a day. `person`: whether the rater is somebody, and not the agent's key."""

    per_rater: int
    per_day: int
    person: bool


class Looked(NamedTuple):
    """What the store told of an id. `reached`: whether it has all that had been recorded when it was first asked."""

    runs: Sequence[KnownRun]
    written: Mapping[str, int]
    reached: bool


class _Counted(NamedTuple):
    votes: int
    at_ns: int


class VoteKeeper:
    """One thread's. `wall` is in nanoseconds since the epoch."""

    def __init__(self, url: str, journal: Path, wall: Callable[[], int]) -> None:
        self._url = url
        self._journal = journal
        self._wall = wall
        self._opened = ExitStack()
        self._ledger: Ledger | None = None
        self._known: KnownRuns | None = None
        self._runs: RunStore | None = None
        self._day = 0
        self._changes: dict[tuple[str, str], int] = {}
        self._counted: dict[tuple[str, str], _Counted] = {}

    def look(self, agent: str, named: Named, id: str, written: Mapping[str, int] | None) -> Looked:
        """For the agent's runs that are `named` by this id; `written` as an earlier look returned it.

        Raises `StoreError`.
        """
        written = self._sizes() if written is None else written
        known = self._known_runs()
        # How far first: what it is that far with, it knows.
        cursors = known.cursors()
        if named == "response_id":
            found = known.answered(agent, id)
        else:
            run = known.get(agent, id)
            found = [] if run is None else [run]
        behind = any(cursors.get(name, 0) < size and self._is_there(name) for name, size in written.items())
        return Looked(found, written, not behind)

    def same_prompt(self, one: str, other: str) -> bool:
        """Raises `ApiError` where that cannot be told."""
        prompts = []
        for run_id in (one, other):
            run = self._run(run_id)
            request = request_of(run) if run is not None else None
            if request is None:
                raise ApiError(
                    409,
                    f"what run {run_id} was asked is not on record as a whole, so it cannot be compared",
                    param="preferred_over",
                    code="prompt_not_kept",
                )
            prompts.append(prompt_of(request))
        return prompts[0] == prompts[1]

    def keep(self, votes: Sequence[Score], caps: Caps, key: str | None) -> list[Became]:
        """All or none. `key` is the client's own, by which a retry is known even after a change of mind.

        Raises `StoreError`, and `ApiError` for votes over the caps or a key used for something else.
        """
        ledger = self._open_ledger()
        before = self._before(ledger, votes)
        became = [_became(vote, before.get(vote.id), key) for vote in votes]
        cast = [vote for vote, what in zip(votes, became, strict=True) if what != "same"]
        if not cast:
            return became
        new = [vote for vote, what in zip(votes, became, strict=True) if what == "new"]
        self._check_caps(ledger, cast, new, caps)
        ledger.put_scores([_with_key(vote, before.get(vote.id), key) for vote in cast])
        self._count(cast, new)
        return became

    def close(self) -> None:
        self._opened.close()

    def _before(self, ledger: Ledger, votes: Sequence[Score]) -> dict[str, Score]:
        found: dict[str, Score] = {}
        for agent, subject, rater in {(vote.agent, vote.subject, vote.rater) for vote in votes}:
            which = ScoreFilter(agent=agent, subjects=[subject], rater=rater)
            found.update((score.id, score) for score in ledger.scores(which))
        return found

    def _check_caps(self, ledger: Ledger, cast: Sequence[Score], new: Sequence[Score], caps: Caps) -> None:
        now = self._wall()
        today = now - now % _DAY_NS
        if today != self._day:
            self._day, self._changes, self._counted = today, {}, {}
        people = [vote for vote in cast if vote.source == "human"]
        if caps.person and people:
            agent, rater = people[0].agent, people[0].rater
            which = ScoreFilter(agent=agent, rater=rater, since_ns=today)
            votes = sum(vote in new for vote in people)
            kept = ledger.count_scores(which) if votes else 0
            changed = self._changes.get((agent, rater), 0) + len(people) - votes
            if kept + votes > caps.per_rater or changed > caps.per_rater:
                raise _over("one person", caps.per_rater, "per_rater", now)
        for vote in new:
            if self._today(ledger, vote, now) >= caps.per_day:
                raise _over("everybody together", caps.per_day, "per_day", now)

    def _today(self, ledger: Ledger, vote: Score, now: int) -> int:
        """How many scores the agent's runs were given today, by all people, or by this one program."""
        counted = self._counted.get(_counter(vote))
        if counted is None or now - counted.at_ns >= _LOOK_NS:
            program = None if vote.source == "human" else vote.evaluator
            which = ScoreFilter(agent=vote.agent, source=vote.source, evaluator=program, since_ns=self._day)
            counted = self._counted[_counter(vote)] = _Counted(ledger.count_scores(which), now)
        return counted.votes

    def _count(self, cast: Sequence[Score], new: Sequence[Score]) -> None:
        for vote in cast:
            if vote in new:
                counted = self._counted[_counter(vote)]
                self._counted[_counter(vote)] = counted._replace(votes=counted.votes + 1)
            else:
                who = (vote.agent, vote.rater)
                self._changes[who] = self._changes.get(who, 0) + 1

    def _sizes(self) -> Mapping[str, int]:
        found = {}
        for name in segment_names(self._journal):
            try:
                found[name] = (self._journal / name).stat().st_size
            except FileNotFoundError:
                continue  # Too old to be kept, and so read long ago.
        return found

    def _is_there(self, segment: str) -> bool:
        return (self._journal / segment).exists()

    def _run(self, run_id: str) -> Run | None:
        if self._runs is None:
            self._runs = open_store(self._url, patience=_PATIENCE)
            self._opened.callback(self._runs.close)
        return self._runs.get(run_id)

    def _known_runs(self) -> KnownRuns:
        if self._known is None:
            self._known = open_known_runs(self._url, patience=_PATIENCE)
            self._opened.callback(self._known.close)
        return self._known

    def _open_ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = open_ledger(self._url, patience=_PATIENCE)
            self._opened.callback(self._ledger.close)
        return self._ledger


def _counter(vote: Score) -> tuple[str, str]:
    return vote.agent, "" if vote.source == "human" else vote.evaluator


def _became(vote: Score, before: Score | None, key: str | None) -> Became:
    if before is None:
        return "new"
    if key is not None and (used := _keys_of(before).get(key)) is not None:
        if used != _digest(vote):
            raise ApiError(
                422,
                f"idempotency key {key!r} was used for another vote on this run; use a new one for a change of mind",
                param="idempotency_key",
                code="idempotency_key_reused",
            )
        return "same"
    return "same" if _said(vote) == _said(before) else "changed"


def _said(vote: Score) -> Score:
    """What is said, without when and under which configuration and key."""
    details = {name: value for name, value in vote.details.items() if name != _KEYS}
    return msgspec.structs.replace(vote, details=details, created_ns=0, config_hash="")


def _digest(vote: Score) -> str:
    return hashlib.blake2b(_encode(_said(vote)), digest_size=8).hexdigest()


def _keys_of(score: Score) -> dict[str, JsonValue]:
    found = score.details.get(_KEYS)
    return found if isinstance(found, dict) else {}


def _with_key(vote: Score, before: Score | None, key: str | None) -> Score:
    """With the keys that the rater's earlier votes on the run were sent under: a late retry of one is none of today."""
    keys = _keys_of(before) if before is not None else {}
    if key is not None:
        keys = {**keys, key: _digest(vote)}
    if not keys:
        return vote
    last = dict(list(keys.items())[-_KEYS_KEPT:])
    return msgspec.structs.replace(vote, details={**vote.details, _KEYS: last})


def _over(who: str, cap: int, field: str, now: int) -> ApiError:
    wait = math.ceil(seconds_left(now / 1e9, "day"))
    return ApiError(
        429,
        f"{who} may cast {cap} votes a day (feedback.{field}); the next day begins in {wait} s (UTC)",
        type="rate_limit_error",
        code="feedback_limit",
        headers={"retry-after": str(wait), "x-should-retry": "false"},
    )
