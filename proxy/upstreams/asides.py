"""Calls to models that a step makes for itself, as a critic or a judge: on record with the call that it serves."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeAlias, TypeVar

import msgspec

from middleware.exchange import Call, Exchange
from middleware.messages import ChatRequest, Chunk, Role
from middleware.protocol import Handler
from middleware.reply import Reply
from proxy.upstreams.attempts import ModelCalled
from proxy.wire.formats import FORMATS
from records import Attempt, JsonValue, SideCall, Usage

F = TypeVar("F")
Cost: TypeAlias = Callable[[ModelCalled, Usage], float | None]
_ONCE: Final = "idempotency-key"


class Asides:
    """A `Handler` over that of a model. It answers whole, and closes what it opened.

    `cost`: US dollars for tokens of a model, None where they have no known price.
    """

    def __init__(self, model: Handler, cost: Cost, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._model = model
        self._cost = cost
        self._now_ns = now_ns

    async def __call__(self, exchange: Exchange) -> Reply:
        log = _AsideLog()
        started_ns = self._now_ns()
        usage: Usage | None = None
        status: int | None = None
        error: str | None = None
        try:
            async with await self._model(_apart(exchange, log)) as reply:
                status = reply.status
                if not reply.ok:
                    chunks = [chunk async for chunk in reply]
                    error = f"the model answered {reply.status}"
                    return Reply(_again(chunks), status=reply.status, headers=reply.headers)
                completion = await reply.collect()
                usage = completion.usage
                return Reply.of(completion, status=reply.status, headers=reply.headers)
        except asyncio.CancelledError:
            error = "cancelled"
            raise
        except Exception as failed:
            error = f"{type(failed).__name__}: {failed}"
            raise
        finally:
            called = log.called
            if called is not None:
                exchange.record(
                    SideCall(
                        provider=called.provider,
                        model=called.model,
                        started_ns=started_ns,
                        ended_ns=self._now_ns(),
                        usage=usage,
                        cost_usd=self._cost(called, usage) if usage is not None else None,
                        status=status if status is not None else log.status,
                        error=error,
                    )
                )


def ask_chat(messages: Sequence[tuple[Role, str]], **fields: JsonValue) -> ChatRequest:
    """An `Asking`, in the words of chat completions; a model that speaks another API is asked in that."""
    said = [{"role": role, "content": text} for role, text in messages]
    return FORMATS["chat"].read_request(msgspec.json.encode({"model": "", "messages": said, **fields}))


def _apart(exchange: Exchange, log: "_AsideLog") -> Exchange:
    """The same call, as far as a model's provider may see it, with a log of its own."""
    call = exchange.call
    return Exchange(
        Call(
            id=call.id,
            trace_id=call.trace_id,
            agent=call.agent,
            session=call.session,
            user=call.user,
            turn="aux",
            previous=None,
            started_ns=call.started_ns,
            headers={name: value for name, value in call.headers.items() if name != _ONCE},
            skips=call.skips,
            log=log,
            bound=call.bound if exchange.request.bound or exchange.request.continues else None,
        ),
        exchange.request,
        exchange.variant,
    )


async def _again(chunks: Sequence[Chunk]) -> AsyncIterator[Chunk]:
    for chunk in chunks:
        yield chunk


class _AsideLog:
    """Keeps which model was turned to, and no more: the rest of such a call is not the agent's."""

    asides: Sequence[SideCall] = ()

    def __init__(self) -> None:
        self.called: ModelCalled | None = None
        self.status: int | None = None

    def enter(self, step: str) -> int:
        return 0

    def leave(self, place: int, error: str | None = None) -> None:
        pass

    def record(self, place: int, fact: object) -> None:
        if isinstance(fact, ModelCalled):
            self.called = fact
        elif isinstance(fact, Attempt):
            self.status = fact.status

    def fact(self, kind: type[F]) -> F | None:
        return None
