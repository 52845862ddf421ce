"""Where feedback is taken in: finds the run it is about and keeps it, without ever holding up the event loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from proxy.errors import ApiError
from proxy.feedback.keeping import Became, Caps, Named, VoteKeeper
from proxy.feedback.recent import RecentRuns
from records.score import Score
from stores.known import KnownRun
from stores.runs import StoreError
from stores.segments import journal_in

T = TypeVar("T")

_PATIENCE: Final = 5.0
"""Seconds that the index of the journal is waited for: at the first start the database has yet to be made."""
_PAUSE: Final = 0.05
_ELSEWHERE: Final = 0.5
"""Seconds that a run recorded on another machine may need, of whose journal nothing is known here."""
_REST: Final = 1.0


class FeedbackDesk:
    """One worker's. Its thread is its own: who waits for a locked store must not keep others from the shared ones.

    `clock` is monotonic, in seconds; `wall` in nanoseconds since the epoch.
    """

    def __init__(
        self,
        url: str,
        records: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._recent = RecentRuns(wall)
        self._keeper = VoteKeeper(url, journal_in(records), wall)
        self._elsewhere = 0.0 if url.startswith("sqlite") else _ELSEWHERE
        self._clock = clock
        self._pause = pause
        self._thread: ThreadPoolExecutor | None = None
        self._not_before = 0.0
        self.note = self._recent.note
        """To be told of each run that was recorded."""

    async def find(self, agent: str, named: Named, id: str) -> KnownRun:
        """The agent's run. Raises 404 for what is none of its own, 503 while that cannot be told, 409 for an id that
        several answers have."""
        if named == "response_id":
            found: Sequence[KnownRun] = self._recent.answered(agent, id)
        else:
            run = self._recent.get(id)
            found = [run] if run is not None and run.agent == agent else []
        # Another's is looked for like one that never was, so that the answers are alike, and as long in coming.
        found = found or await self._stored(agent, named, id)
        if not found:
            raise ApiError(404, f"there is no run {id!r} of this agent", param=named, code="run_not_found")
        if len(found) > 1:
            raise ApiError(
                409,
                f"several answers have the id {id!r}; send run_id, which the answer has as x-burnish-run-id",
                param=named,
                code="ambiguous_response_id",
            )
        return found[0]

    async def same_prompt(self, agent: str, one: str, other: str) -> bool:
        """Whether both runs, which were found, were asked the same. Raises 503 until the store has both."""
        for run_id in (one, other):
            if not await self._stored(agent, "run_id", run_id):
                raise _away(f"run {run_id!r} has gone")
        return await self._in_thread(partial(self._keeper.same_prompt, one, other))

    async def keep(self, votes: Sequence[Score], caps: Caps, key: str | None) -> list[Became]:
        """All or none. Raises what `VoteKeeper.keep` does, and 503 while the store is away."""
        return await self._in_thread(partial(self._keeper.keep, votes, caps, key))

    def close(self) -> None:
        if self._thread is not None:
            self._thread.submit(self._keeper.close)
            self._thread.shutdown()

    async def _stored(self, agent: str, named: Named, id: str) -> Sequence[KnownRun]:
        """None when the store has all that had been recorded when this was asked, and the run is not among it."""
        began = self._clock()
        written: Mapping[str, int] | None = None
        while True:
            looked = await self._in_thread(partial(self._keeper.look, agent, named, id, written))
            waited = self._clock() - began
            if looked.runs or (looked.reached and waited >= self._elsewhere):
                return looked.runs
            if waited >= _PATIENCE:
                raise _away(f"the store does not have all calls yet, and {id!r} may be among the others")
            written = looked.written
            await self._pause(_PAUSE)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._clock() < self._not_before:
            raise _away("the store is away")
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="feedback")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except StoreError as error:
            # Others need not wait as long to be told the same.
            self._not_before = self._clock() + _REST
            raise _away(str(error)) from error


def _away(why: str) -> ApiError:
    return ApiError(
        503,
        f"feedback cannot be kept now: {why}; send it again",
        type="api_error",
        code="feedback_not_kept",
        headers={"retry-after": "1"},
    )
