"""A provider that litellm speaks to on our behalf."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Final

from yarl import URL

from middleware.exchange import Exchange
from middleware.messages import ChatRequest, Chunk
from middleware.reply import Reply
from proxy.config.model import Provider
from proxy.errors import UpstreamBroke
from proxy.upstreams import failures
from proxy.upstreams.attempts import Attempting
from proxy.upstreams.headers import coming_down, going_up, request_id, traceparent
from proxy.upstreams.http import secrets
from proxy.upstreams.litellm import documents, errors
from proxy.upstreams.litellm.library import LitellmLibrary
from proxy.upstreams.patience import Patience
from proxy.upstreams.pool import Pool
from proxy.upstreams.turns import Expired, take_turn
from proxy.wire.chat import ChatChunk

_HEADERS: Final = "llm_provider-"
"""How litellm prefixes the headers of the provider's answer."""


class LitellmProvider:
    """Sends calls through `litellm.acompletion`. Retries, fallbacks, timeouts and records stay ours."""

    def __init__(self, name: str, provider: Provider, pool: Pool, library: LitellmLibrary) -> None:
        self.name = name
        self.health = pool.health(name, provider)
        self._library = library
        host = URL(provider.base_url).authority if provider.base_url else ""
        self._scrub = failures.Scrubber(secrets(provider), host)
        self._headers = {header: value.get_secret_value() for header, value in provider.headers.items()}
        self._always: dict[str, Any] = {"custom_llm_provider": provider.litellm, "num_retries": 0, "max_retries": 0}
        if provider.base_url:
            self._always["api_base"] = provider.base_url
        if provider.api_key is not None:
            self._always["api_key"] = provider.api_key.get_secret_value()

    async def send(self, exchange: Exchange, request: ChatRequest, attempt: Attempting) -> Reply:
        route = attempt.route
        try:
            arguments = documents.arguments_of(request.body, self.name)
            litellm = await self._library.load()
        except asyncio.CancelledError:
            attempt.abandoned()
            raise
        except Exception as error:
            attempt.failed(str(error), fault=None)
            raise
        headers = {**going_up(exchange.headers), "traceparent": traceparent(exchange.trace_id, exchange.id)}
        timeout, slots = route.timeout, self.health.slots
        patience = Patience(asyncio.get_running_loop(), first_byte=timeout.first_byte, idle=timeout.idle)

        def start() -> Awaitable[Any]:
            answer: Awaitable[Any] = litellm.acompletion(
                model=route.model,
                **arguments,
                **self._always,
                extra_headers={**headers, **self._headers},
                # Per read, not in total; ours come first.
                timeout=max(timeout.first_byte, timeout.idle) + 1,
            )
            return answer

        try:
            answer = await take_turn(slots, patience, start)
        except asyncio.CancelledError:
            attempt.abandoned()
            raise
        except Expired as expired:
            failed = (
                failures.silent(self.name, timeout.first_byte)
                if expired.admitted
                else failures.busy(self.name, self.health.connections, timeout.first_byte)
            )
            attempt.failed(failed.message, fault=failed.fault)
            raise failed from expired
        except Exception as error:
            failed = errors.failed(self.name, error, self._scrub)
            answered = errors.headers_of(error)
            if answered is not None:
                attempt.answered(failed.status, request_id(answered))
            attempt.failed(failed.message, fault=failed.fault)
            raise failed from error
        answered = _headers_of(answer)
        attempt.answered(200, request_id(answered))
        if request.stream:
            stream = _Stream(answer, attempt, patience, slots, self._scrub)
            return Reply(stream.chunks(), headers=coming_down(answered), close=stream.aclose)
        patience.end()
        slots.release()
        attempt.succeeded()
        return Reply(_one(ChatChunk(documents.whole(answer), whole=True)), headers=coming_down(answered))


class _Stream:
    """The chunks of a streamed answer. It ends once."""

    def __init__(
        self,
        answer: Any,
        attempt: Attempting,
        patience: Patience,
        slots: asyncio.Semaphore,
        scrub: failures.Scrubber,
    ) -> None:
        self._answer = answer
        self._attempt = attempt
        self._patience = patience
        self._slots = slots
        self._scrub = scrub
        self._ended = False

    async def chunks(self) -> AsyncIterator[Chunk]:
        finished = False
        try:
            while (part := await self._next()) is not None:
                finished = finished or any(choice.finish_reason for choice in part.choices)
                yield ChatChunk(documents.chunk(part))
            if not finished:
                raise UpstreamBroke("the stream ended before the answer did")
            self._attempt.succeeded()
        except UpstreamBroke as error:
            self._attempt.failed(str(error), fault=True)
            raise
        finally:
            await self.aclose()

    async def _next(self) -> Any:
        """The next part; None after the last. Raises `UpstreamBroke`."""
        patience, task = self._patience, asyncio.current_task()
        assert task is not None  # A coroutine runs in a task.
        cancels = task.cancelling()
        patience.on_expiry(task.cancel)
        patience.wait()
        try:
            part = await anext(self._answer, None)
        except BaseException as error:
            if patience.expired and task.uncancel() <= cancels and isinstance(error, asyncio.CancelledError):
                raise UpstreamBroke(f"the upstream fell silent for {patience.limit:g} s") from None
            if not isinstance(error, Exception):
                raise
            raise UpstreamBroke(self._scrub(errors.said_by(error).decode("utf-8", "replace"))) from error
        patience.got()
        return part

    async def aclose(self) -> None:
        if not self._ended:
            self._ended = True
            self._attempt.abandoned()
            self._patience.end()
            self._slots.release()
            await self._answer.aclose()


def _headers_of(answer: Any) -> dict[str, str]:
    """Those of the provider's answer, in lower case."""
    hidden = getattr(answer, "_hidden_params", None) or {}
    headers = hidden.get("additional_headers") or {}
    return {str(name).lower().removeprefix(_HEADERS): str(value) for name, value in headers.items()}


async def _one(chunk: Chunk) -> AsyncIterator[Chunk]:
    yield chunk
