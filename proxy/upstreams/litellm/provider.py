"""A provider that litellm speaks to on our behalf."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from yarl import URL

from middleware.exchange import Exchange
from middleware.messages import Chunk
from middleware.reply import Reply
from proxy.config.model import Provider
from proxy.errors import UpstreamBroke
from proxy.upstreams import failures
from proxy.upstreams.attempts import Attempting
from proxy.upstreams.headers import coming_down, going_up, request_id, traceparent
from proxy.upstreams.http import secrets
from proxy.upstreams.litellm import chat, errors
from proxy.upstreams.litellm.apis import api_of
from proxy.upstreams.litellm.library import LitellmLibrary
from proxy.upstreams.patience import Patience
from proxy.upstreams.pool import Pool
from proxy.upstreams.single import Single
from proxy.upstreams.slots import Slots
from proxy.wire.chat import ChatChunk
from proxy.wire.format import WireRequest

_HEADERS: Final = "llm_provider-"
"""How litellm prefixes the headers of the provider's answer."""


class LitellmProvider:
    """Sends calls through litellm's own functions. Retries, fallbacks, timeouts and records stay ours."""

    def __init__(self, name: str, provider: Provider, pool: Pool, library: LitellmLibrary) -> None:
        self.name = name
        self.health = pool.health(name, provider)
        self._library = library
        host = URL(provider.base_url).authority if provider.base_url else ""
        self._scrub = failures.Scrubber(secrets(provider), host)
        self._headers = {header: value.get_secret_value() for header, value in provider.headers.items()}
        self._litellm = provider.litellm or ""
        self._always: dict[str, Any] = {"custom_llm_provider": provider.litellm, "num_retries": 0, "max_retries": 0}
        if provider.base_url:
            self._always["api_base"] = provider.base_url
        if provider.api_key is not None:
            self._always["api_key"] = provider.api_key.get_secret_value()

    async def send(self, exchange: Exchange, request: WireRequest, attempt: Attempting) -> Reply:
        route = attempt.route
        try:
            api = api_of(request.api, self.name)
            arguments = api.arguments(request.body, self.name, self._litellm)
            litellm = await self._library.load()
        except asyncio.CancelledError:
            attempt.abandoned()
            raise
        except Exception as error:
            attempt.failed(str(error), fault=None)
            raise
        headers = {**going_up(exchange.headers), "traceparent": traceparent(exchange.trace_id, exchange.id)}
        timeout, slots = route.timeout, self.health.slots
        task = asyncio.current_task()
        assert task is not None  # A coroutine runs in a task.
        patience = Patience(asyncio.get_running_loop(), task, timeout.first_byte, timeout.idle)
        admitted = slots.take()
        try:
            if not admitted:
                await slots.wait()
                admitted = True
            answer = await getattr(litellm, api.function)(
                model=route.model,
                **arguments,
                **self._always,
                extra_headers={**headers, **self._headers},
                # Per read, not in total; ours come first.
                timeout=max(timeout.first_byte, timeout.idle) + 1,
            )
        except BaseException as error:
            patience.end()
            if admitted:
                slots.give_back()
            if patience.ended_by(error):
                failed = (
                    failures.silent(self.name, timeout.first_byte)
                    if admitted
                    else failures.busy(self.name, slots.count, timeout.first_byte)
                )
            elif isinstance(error, Exception):
                failed = errors.failed(self.name, error, self._scrub)
                refused = errors.headers_of(error)
                if refused is not None:
                    attempt.answered(failed.status, request_id(refused))
            else:
                attempt.abandoned()
                raise
            attempt.failed(failed.message, fault=failed.fault)
            raise failed from error
        answered = _headers_of(answer)
        attempt.answered(200, request_id(answered))
        if request.stream:
            stream = _Stream(answer, attempt, patience, slots, self._scrub)
            return Reply(stream.chunks(), headers=coming_down(answered), close=stream.aclose)
        patience.end()
        slots.give_back()
        attempt.succeeded()
        return Reply(Single(api.whole(answer, request.body)), headers=coming_down(answered))


class _Stream:
    """The chunks of a streamed answer. It ends once."""

    def __init__(
        self,
        answer: Any,
        attempt: Attempting,
        patience: Patience,
        slots: Slots,
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
                yield ChatChunk(chat.chunk(part))
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
        patience.wait_in(task)
        try:
            part = await anext(self._answer, None)
        except BaseException as error:
            if patience.ended_by(error):
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
            self._slots.give_back()
            await self._answer.aclose()


def _headers_of(answer: Any) -> dict[str, str]:
    """Those of the provider's answer, in lower case."""
    hidden = getattr(answer, "_hidden_params", None) or {}
    headers = hidden.get("additional_headers") or {}
    return {str(name).lower().removeprefix(_HEADERS): str(value) for name, value in headers.items()}
