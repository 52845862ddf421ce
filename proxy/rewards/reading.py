"""Two streams read in pages, runs and scores, put in one order: that of time, as far as both are known."""

import heapq
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from stores.ledger import Sequenced
from stores.runs import IndexedRun

Event: TypeAlias = IndexedRun | Sequenced


class Together(NamedTuple):
    """`upto_ns` is the time up to which these are all; None where there are no more."""

    events: list[Event]
    upto_ns: int | None


def together(runs: Sequence[IndexedRun], scores: Sequence[Sequenced], at_once: int) -> Together:
    """Each stream stays in its own order. Of one whose page is full there may be more.

    Neither runs ahead of the other, so that scores seldom wait for their runs.
    """
    ends = [(each.run.ended_ns, each) for each in runs]
    given = [(each.score.created_ns, each) for each in scores]
    timed = (_timed(ends), _timed(given))
    bounds = [page[-1][0] for page in timed if len(page) == at_once]
    upto_ns = min(bounds, default=None)
    merged = heapq.merge(*timed, key=itemgetter(0))
    return Together([event for time, event in merged if upto_ns is None or time <= upto_ns], upto_ns)


def _timed(events: Sequence[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Each with the latest time so far: what comes late comes when it comes."""
    times = accumulate((time for time, _ in events), max)
    return [(time, event) for time, (_, event) in zip(times, events, strict=True)]
