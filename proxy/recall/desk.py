"""Past answers for the calls of one worker: one embedder and one index for all its agents, asked in threads.

What cannot be had fails the calls that ask for it at once: after a few failures in a row nobody is asked for a while,
and then one call is the trial. How long a call waits is its own step's affair; what was asked for it ends by itself.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from middleware.recall import RecallFailed
from policies.breaker import Admission, Breaker

if TYPE_CHECKING:
    # Only for their names: they bring numpy. Everything heavy is imported in a thread, when a call first asks.
    from proxy.recall.batches import Batches
    from stores.answers import AnswerIndex, Found, Vector
    from stores.embedding import Embedder, Vectors

T = TypeVar("T")

TIMEOUT: Final = 2.0
"""Seconds for one exchange with whoever has the answers or embeds; calls wait less."""
_FAILURES: Final = 3
_COOLDOWN: Final = 3.0
_ASKING: Final = 4
"""Threads that ask the index."""
_MOST_WAITING: Final = 64
"""Calls that may wait for one of them."""
_log = logging.getLogger("burnish.recall")


class Library(Protocol):
    """Where answers are found, and what embeds them. Opening the embedder takes a second or two."""

    def index(self) -> "AnswerIndex": ...

    def embedder(self) -> "Embedder": ...

    def close(self) -> None: ...


class RecallDesk:
    """`of(tenant, agent)` is what a step asks. `embeds_remotely`: several batches are then on their way at once."""

    def __init__(
        self, library: Library, *, embeds_remotely: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._library = library
        self._at_once = _ASKING if embeds_remotely else 1
        self._breaker = Breaker(failures=_FAILURES, cooldown=_COOLDOWN, clock=clock)
        self._embedding = ThreadPoolExecutor(self._at_once, "burnish-embedding")
        self._asking = ThreadPoolExecutor(_ASKING, "burnish-recall")
        self._batches: Batches | None = None
        self._embedder: Embedder | None = None
        self._under_way: set[asyncio.Task[list[Found]]] = set()
        self._problem: str | None = None
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether something is looked up at the moment."""
        return bool(self._under_way)

    @property
    def problem(self) -> str | None:
        """Why past answers cannot be had now."""
        return self._problem

    def of(self, tenant: str, agent: str) -> "AgentRecall":
        return AgentRecall(self, tenant, agent)

    async def open(self) -> None:
        """Brings in what the first call would else wait for; what is wrong with it is a problem, not an error."""
        try:
            await self._in_thread(self._embedding, self._open)
        except Exception as error:
            self._suffer(error)

    async def nearest(self, tenant: str, agent: str, question: str, limit: int) -> "Sequence[Found]":
        if self._closed:
            raise RecallFailed("the worker stops, or answers are looked up otherwise since this call began")
        admission = self._breaker.admit()
        if admission is None:
            raise RecallFailed(self._problem or "past answers are not asked for now")
        if len(self._under_way) >= _MOST_WAITING:
            admission.abandoned()
            raise RecallFailed(f"{_MOST_WAITING} calls wait for past answers already")
        waiting = _Waiting()
        task = asyncio.create_task(self._nearest(waiting, tenant, agent, question, limit))
        # It goes on when its call waits no longer, if the index was asked by then: that tells whether it can be used.
        self._under_way.add(task)
        task.add_done_callback(partial(self._settle, admission))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise RecallFailed("the worker stops") from None
            waiting.over = True
            raise
        except Exception as error:
            raise RecallFailed(_words(error)) from error

    async def aclose(self) -> None:
        self._closed = True
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._library.close()
        for threads in (self._asking, self._embedding):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _nearest(self, waiting: "_Waiting", tenant: str, agent: str, question: str, limit: int) -> "list[Found]":
        if self._batches is None:
            await self._in_thread(self._embedding, self._open)
            from proxy.recall.batches import Batches

            # Another call may have been as early.
            self._batches = self._batches or Batches(self._embed, at_once=self._at_once)
        vector = await self._batches.vector(question)
        return await self._in_thread(self._asking, partial(self._look, waiting, tenant, agent, vector, limit))

    def _look(self, waiting: "_Waiting", tenant: str, agent: str, vector: "Vector", limit: int) -> "list[Found]":
        if waiting.over:
            raise _NobodyWaits
        from stores.answers import Collection

        assert self._embedder is not None
        collection = Collection(tenant, agent, self._embedder.space, len(vector))
        return self._library.index().nearest(collection, vector, limit)

    def _open(self) -> None:
        if self._embedder is None:
            embedder = self._library.embedder()
            self._library.index()
            # The first time is slower.
            embedder.embed(["warm"])
            self._embedder = embedder

    async def _embed(self, texts: Sequence[str]) -> "Vectors":
        assert self._embedder is not None
        return await self._in_thread(self._embedding, partial(self._embedder.embed, texts))

    async def _in_thread(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    def _settle(self, admission: Admission, task: "asyncio.Task[list[Found]]") -> None:
        self._under_way.discard(task)
        if task.cancelled() or isinstance(error := task.exception(), _NobodyWaits):
            admission.abandoned()
        elif error is not None:
            admission.failed()
            self._suffer(error)
        else:
            admission.succeeded()
            if self._problem is not None:
                self._problem = None
                _log.warning("past answers can be had again")

    def _suffer(self, error: BaseException) -> None:
        if self._problem is None:
            _log.warning("past answers cannot be had, and calls go on without: %s", _words(error))
        self._problem = f"calls go on without past answers: {_words(error)}"


class _Waiting:
    """Whether a call still waits for its answers."""

    over = False


class _NobodyWaits(Exception):
    """What was to be looked up is not wanted any more."""


class AgentRecall:
    """The answers of one tenant and agent."""

    def __init__(self, desk: RecallDesk, tenant: str, agent: str) -> None:
        self._desk = desk
        self._tenant = tenant
        self._agent = agent

    async def nearest(self, question: str, limit: int) -> "Sequence[Found]":
        return await self._desk.nearest(self._tenant, self._agent, question, limit)


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
