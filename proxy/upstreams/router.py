"""The end of every chain: sends a call to its model, again where that helps, and to another where this one cannot."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from middleware.exchange import Exchange
from middleware.messages import ChatRequest
from middleware.protocol import Handler
from middleware.reply import Reply
from policies.breaker import Breaker
from policies.retries import LONGEST_WAIT, RetryBudget, backoff
from proxy.config.model import Config, Provider
from proxy.identity.answers import unknown_answer
from proxy.upstreams.attempts import Attempting, ModelCalled, Route, Upstream, UpstreamFailed
from proxy.upstreams.choice import ModelChoice
from proxy.upstreams.compatible import CompatibleProvider
from proxy.upstreams.estimates import ESTIMATED, estimated
from proxy.upstreams.failures import resting, unavailable, unspoken
from proxy.upstreams.litellm.provider import LitellmProvider
from proxy.upstreams.pool import Pool
from proxy.wire.format import WireFormat, WireRequest
from proxy.wire.formats import FORMATS

if TYPE_CHECKING:
    from proxy.upstreams.conversion import Conversion, Kept

_ALONGSIDE: Final = {
    "embeddings": "chat",
    "completions": "chat",
    "count_tokens": "messages",
    "compact": "responses",
    "input_tokens": "responses",
}
"""What is never converted, and is served where another API is."""


class ModelRouter:
    """The terminal `Handler` of one agent, for one configuration. Raises `ApiError` where no model answers."""

    def __init__(
        self,
        config: Config,
        agent: str,
        pool: Pool,
        *,
        kept: "Kept | None" = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Random | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._config = config
        self._pool = pool
        self._choice = ModelChoice(config, agent)
        self._kept: Kept = kept or _NothingKept()
        self._sleep = sleep
        self._random = random or Random()
        self._now_ns = now_ns
        self._lines: dict[str, _Line] = {}
        self._upstreams: dict[tuple[str, str], Upstream] = {}

    async def __call__(self, exchange: Exchange) -> Reply:
        bound = exchange.bound
        if bound is not None:
            kept = self._choice.bound(bound, exchange.request.model, exchange.variant)
            if kept is not None:
                return await self._call(exchange, kept)
        embeds = _on_the_wire(exchange.request).api == "embeddings"
        return await self._first(exchange, self._choice.of(exchange.request.model, exchange.variant, embeds=embeds))

    def to(self, model: str) -> Handler:
        """The way to a model of the configuration, whatever the call names and the agent's clients may ask for.

        Raises `LookupError` where there is none of that name.
        """
        routes = self._choice.routes
        if model not in routes:
            raise LookupError(f"the configuration has no model {model!r}; it has {', '.join(sorted(routes))}")
        return partial(self._first, route=routes[model])

    async def _first(self, exchange: Exchange, route: Route) -> Reply:
        """From the first that answers, of this model and those it falls back to."""
        if not route.fallbacks:
            return await self._call(exchange, route)
        failures: list[UpstreamFailed] = []
        for candidate in (route, *map(self._choice.routes.__getitem__, route.fallbacks)):
            try:
                return await self._call(exchange, candidate)
            except UpstreamFailed as failed:
                failures.append(failed)
                if not failed.fall_back:
                    break
        # The model that was asked for is the one whose error the client can act on.
        raise failures[0]

    async def _call(self, exchange: Exchange, route: Route) -> Reply:
        """To one model, in the API that its provider speaks."""
        line = self._lines.get(route.name) or self._connect(route)
        asked = _on_the_wire(exchange.request).with_model(route.model)
        way = line.ways.get(asked.api) or self._find_way(line, route, asked.api)
        if way.upstream is None:
            exchange.record(ModelCalled(route.name, route.provider, route.model, asked.body))
            return estimated(exchange, asked, FORMATS[asked.api], self._pool.estimates.ratio(route.name))
        if way.conversion is None:
            request = asked.asking_usage() if line.asks_usage else asked
            exchange.record(ModelCalled(route.name, route.provider, route.model, request.body))
            return await self._attempts(exchange, route, line, way.upstream, request)
        return await self._converted(exchange, route, line, way.upstream, way.conversion, asked)

    async def _converted(
        self,
        exchange: Exchange,
        route: Route,
        line: "_Line",
        upstream: Upstream,
        conversion: "Conversion",
        asked: WireRequest,
    ) -> Reply:
        """To a provider that speaks another API. The trace has a step that tells what was lost on the way."""
        exchange.record(ModelCalled(route.name, route.provider, route.model, asked.body, converted=True))
        if asked.continues and not self._kept.earlier(asked.continues):
            raise unknown_answer(asked.continues)
        log = exchange.log
        place = log.enter("convert")
        record = partial(log.record, place)
        try:
            request, tools = conversion.request(asked, self._kept, record)
        finally:
            log.leave(place)
        reply = await self._attempts(exchange, route, line, upstream, request)
        return conversion.reply(exchange, asked, reply, record, tools)

    async def _attempts(
        self, exchange: Exchange, route: Route, line: "_Line", upstream: Upstream, request: WireRequest
    ) -> Reply:
        line.budget.earn()
        retries = 0
        while True:
            admission = line.breaker.admit()
            if admission is None:
                raise resting(route.provider, line.breaker.wait)
            try:
                attempt = Attempting(route, admission, exchange.record, self._now_ns)
                return await upstream.send(exchange, request, attempt)
            except UpstreamFailed as failed:
                if not failed.retry or route.retries.max == 0 or (failed.asked_wait or 0) > LONGEST_WAIT:
                    raise
                if retries == route.retries.max or not line.budget.spend():
                    failed.headers["x-should-retry"] = "false"
                    raise
                wait = backoff(retries, self._random, asked=failed.asked_wait)
            retries += 1
            await self._sleep(wait)

    def _connect(self, route: Route) -> "_Line":
        """Raises `UpstreamFailed` while the provider is not available."""
        provider = self._config.providers[route.provider]
        if not provider.available:
            raise unavailable(route.provider, "its api_key is empty")
        breaker = self._pool.health(route.provider, provider).breaker
        budget = self._pool.budget(route.name, route.retries)
        line = self._lines[route.name] = _Line(breaker, budget, provider.include_usage)
        return line

    def _find_way(self, line: "_Line", route: Route, api: str) -> "_Way":
        """How calls in `api` reach the provider: as they are, or converted. Raises `UpstreamFailed`."""
        provider = self._config.providers[route.provider]
        spoken = _spoken(provider, api)
        if spoken is None and api in ESTIMATED:
            way = line.ways[api] = _Way(None, None)
            return way
        if spoken is None:
            raise unspoken(route.provider, api)
        upstream = self._upstream(route.provider, provider, FORMATS[spoken])
        conversion = None
        if spoken != api:
            # Imported here: most proxies never convert, and need not hold what does.
            from proxy.upstreams.conversion import Conversion

            conversion = Conversion(
                FORMATS[api],
                FORMATS[spoken],
                plain_reasoning=not provider.is_known,
                asks_usage=provider.include_usage,
            )
        way = line.ways[api] = _Way(upstream, conversion)
        return way

    def _upstream(self, name: str, provider: Provider, format: WireFormat) -> Upstream:
        found = self._upstreams.get((name, format.name))
        if found is None:
            found = self._upstreams[name, format.name] = self._reach(name, provider, format)
        return found

    def _reach(self, name: str, provider: Provider, format: WireFormat) -> Upstream:
        if provider.litellm:
            return LitellmProvider(name, provider, self._pool, self._pool.litellm)
        base_url = provider.base_url or self._pool.bundled.get(name)
        if base_url is None:
            raise unavailable(name, "its model is still starting")
        return CompatibleProvider(name, provider, base_url, self._pool, format)


@dataclass(frozen=True, slots=True)
class _Way:
    """How calls in one API reach a provider; without an upstream they are answered here, with an estimate."""

    upstream: Upstream | None
    conversion: "Conversion | None"


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands between a configured model and its provider."""

    breaker: Breaker
    budget: RetryBudget
    asks_usage: bool
    ways: dict[str, _Way] = field(default_factory=dict)


def _spoken(provider: Provider, api: str) -> str | None:
    """The API in which a provider is sent a call that came in `api`; None where it cannot be served."""
    spoken, alongside = provider.speaks, _ALONGSIDE.get(api)
    if alongside is not None:
        return api if alongside in spoken else None
    return api if api in spoken else spoken[0]


def _on_the_wire(request: ChatRequest) -> WireRequest:
    assert isinstance(request, WireRequest)  # Whoever made the exchange read it in some format.
    return request


class _NothingKept:
    def earlier(self, id: str) -> Sequence[bytes]:
        return ()

    def item(self, id: str) -> bytes | None:
        return None
