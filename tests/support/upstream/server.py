"""The upstream itself: an HTTP/1.1 server on loopback that answers as scripted and keeps every request it got."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from types import TracebackType
from typing import Self

from anyio.from_thread import start_blocking_portal

from tests.support.upstream.answer import Answer, Reply, document
from tests.support.upstream.connection import Connection
from tests.support.upstream.failures import error
from tests.support.upstream.gate import Gate
from tests.support.upstream.memory import Memory
from tests.support.upstream.paths import APIS, CHAT, Api, api_of
from tests.support.upstream.received import Received
from tests.support.upstream.routes import unscripted


class Upstream:
    """Use it as `async with Upstream() as upstream:` in the test's loop, or `with in_thread(Upstream()) as upstream:`.

    Unscripted it is `obliging`. What a scripted reply raises becomes a 500 for the client, and is raised again when the
    upstream closes: a test cannot pass by mistake.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        models: Sequence[str] = ("small-instruct",),
        apis: Collection[Api] = APIS,
    ) -> None:
        self.key = key
        """What `Authorization: Bearer` or `x-api-key` must say; None lets everyone in."""
        self.models = models
        self.apis = apis
        """Those it speaks. The routes of the others it does not have, whatever is scripted."""
        self.requests: list[Received] = []
        self.connections = 0
        """How many connections were opened to it so far."""
        self.port = 0
        self._memory = Memory()
        self._queued: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._standing: dict[str, Reply] = {}
        self._arrivals: defaultdict[int, Gate] = defaultdict(Gate)
        self._open: set[asyncio.Task[None]] = set()
        self._numbers = count(1)
        self._raised: list[Exception] = []
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.url}/v1"

    def reply(self, *replies: Reply, to: str = CHAT) -> None:
        """Answers the next requests for the path `to` with these, one each; after them it is obliging again."""
        self._queued[to].extend(replies)

    def always(self, reply: Reply, to: str = CHAT) -> None:
        """Answers every request for the path `to` when no queued reply is left. A function of the request will do."""
        self._standing[to] = reply

    async def received(self, number: int = 1) -> Received:
        """Waits for the request of this number (1 is the first)."""
        await self._arrivals[number].wait()
        return self.requests[number - 1]

    def received_in_thread(self, number: int = 1, timeout: float = 10.0) -> Received:
        """The same for code without an event loop."""
        if not self._arrivals[number].wait_in_thread(timeout):
            raise TimeoutError(f"request {number} did not come within {timeout} s; {len(self.requests)} came")
        return self.requests[number - 1]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._raised and raised is None:
            raise ExceptionGroup("a scripted reply raised", self._raised)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            await Connection(reader, writer, self.connections, self._numbers, self._memory).serve(self._answer)
        except asyncio.CancelledError:
            writer.transport.abort()
        except Exception as problem:
            self._raised.append(problem)
        finally:
            self._open.discard(task)

    def _answer(self, request: Received) -> Answer:
        self.requests.append(request)
        self._arrivals[len(self.requests)].open()
        try:
            return self._reply_for(request)(request)
        except Exception as problem:
            self._raised.append(problem)
            return error(500, f"the scripted reply raised {problem!r}")(request)

    def _reply_for(self, request: Received) -> Reply:
        if self.key is not None and not self._lets_in(request):
            return error(401)
        path = request.path
        if (api := api_of(path)) is not None and api not in self.apis:
            return document({"detail": "Not Found"}, status=404)
        if self._queued[path]:
            return self._queued[path].popleft()
        if path in self._standing:
            return self._standing[path]
        return unscripted(request, self.models)

    def _lets_in(self, request: Received) -> bool:
        return f"Bearer {self.key}" == request.header("authorization") or self.key == request.header("x-api-key")


@contextmanager
def in_thread(upstream: Upstream) -> Iterator[Upstream]:
    """Runs it in an event loop of its own, for clients and proxies that are other processes."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(upstream):
        yield upstream
