"""How these tests call: through a `ModelRouter`, as the last handler of a chain is called."""

from collections.abc import Mapping
from random import Random
from typing import Any

from burnish.testing import exchange, request
from middleware.exchange import Agent, Call, Exchange
from middleware.messages import Chunk, Completion
from middleware.reply import Reply
from proxy.config.model import Config
from proxy.edge.recording import CallLog
from proxy.upstreams.pool import Pool
from proxy.upstreams.router import ModelRouter
from proxy.wire.chat import ChatChunk
from records import Attempt


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Naps:
    """Takes the place of `asyncio.sleep`, and takes no time."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


class Behind:
    """An agent named `test` with the model `fast` at `base_url`; a section given by name is laid over that."""

    def __init__(self, base_url: str, pool: Pool) -> None:
        self.base_url = base_url
        self.pool = pool
        self.naps = Naps()
        self.exchanges: list[Exchange] = []

    def config(
        self,
        *,
        provider: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        agent: dict[str, Any] | None = None,
        providers: dict[str, Any] | None = None,
        models: dict[str, Any] | None = None,
    ) -> Config:
        return Config.model_validate(
            {
                "version": 1,
                "providers": {"local": {"base_url": self.base_url, **(provider or {})}, **(providers or {})},
                "models": {
                    "fast": {"provider": "local", "model": "small-instruct", **(model or {})},
                    **(models or {}),
                },
                "agents": {"test": {"models": {"default": "fast"}, **(agent or {})}},
            }
        )

    def router(self, **sections: Any) -> ModelRouter:
        return ModelRouter(self.config(**sections), "test", self.pool, sleep=self.naps, random=Random(1))

    async def open(self, router: ModelRouter | None = None, given: Exchange | None = None, **fields: Any) -> Reply:
        """A reply nobody has read. `fields` are those of the request."""
        given = given or exchange(request(**fields))
        self.exchanges.append(given)
        return await (router or self.router())(given)

    async def ask(self, router: ModelRouter | None = None, given: Exchange | None = None, **fields: Any) -> Completion:
        """The whole answer, put together where it was streamed."""
        async with await self.open(router, given, **fields) as reply:
            return await reply.collect()

    async def chunks(
        self, router: ModelRouter | None = None, given: Exchange | None = None, **fields: Any
    ) -> list[ChatChunk]:
        async with await self.open(router, given, stream=True, **fields) as reply:
            return [as_chat(chunk) async for chunk in reply]

    @property
    def log(self) -> CallLog:
        """What was recorded of the last call."""
        log = self.exchanges[-1].log
        assert isinstance(log, CallLog)
        return log

    @property
    def attempts(self) -> list[Attempt]:
        return self.log.attempts


def as_chat(chunk: Chunk) -> ChatChunk:
    assert isinstance(chunk, ChatChunk)
    return chunk


def with_client_headers(headers: Mapping[str, str]) -> Exchange:
    """A call whose client sent these, all of which the edge let through."""
    call = Call(
        id="0" * 31 + "1",
        trace_id="f" * 32,
        agent=Agent("test"),
        session=None,
        user=None,
        turn="main",
        previous=None,
        started_ns=0,
        headers=headers,
        skips=frozenset(),
        log=CallLog(),
    )
    return Exchange(call, request())
