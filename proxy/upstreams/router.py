"""The end of every chain: sends a call to its model, again where that helps, and to another where this one cannot."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random

from middleware.exchange import Exchange
from middleware.messages import ChatRequest
from middleware.reply import Reply
from policies.retries import LONGEST_WAIT, backoff
from proxy.config.model import Config
from proxy.upstreams.attempts import Attempting, ModelCalled, Route, Upstream, UpstreamFailed
from proxy.upstreams.choice import ModelChoice
from proxy.upstreams.compatible import CompatibleProvider
from proxy.upstreams.failures import resting, unavailable
from proxy.upstreams.litellm.provider import LitellmProvider
from proxy.upstreams.pool import Pool
from proxy.wire.chat import ChatCompletionsRequest, ChatFormat
from proxy.wire.format import WireFormat


class ModelRouter:
    """The terminal `Handler` of one agent, for one configuration. Raises `ApiError` where no model answers."""

    def __init__(
        self,
        config: Config,
        agent: str,
        pool: Pool,
        *,
        format: WireFormat | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Random | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._config = config
        self._pool = pool
        self._choice = ModelChoice(config, agent)
        self._format: WireFormat = format or ChatFormat()
        self._sleep = sleep
        self._random = random or Random()
        self._now_ns = now_ns
        self._upstreams: dict[str, Upstream] = {}

    async def __call__(self, exchange: Exchange) -> Reply:
        route = self._choice.of(exchange.request.model, exchange.variant)
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
        """Attempts at one model."""
        upstream = self._upstream(route.provider)
        breaker = self._pool.health(route.provider, self._config.providers[route.provider]).breaker
        budget = self._pool.budget(route.name, route.retries)
        request = self._request(exchange.request, route)
        exchange.record(ModelCalled(route.name, route.provider, route.model, request.body))
        budget.earn()
        retries = 0
        while True:
            admission = breaker.admit()
            if admission is None:
                raise resting(route.provider, breaker.wait)
            try:
                attempt = Attempting(route, admission, exchange.record, self._now_ns)
                return await upstream.send(exchange, request, attempt)
            except UpstreamFailed as failed:
                if not failed.retry or route.retries.max == 0 or (failed.asked_wait or 0) > LONGEST_WAIT:
                    raise
                if retries == route.retries.max or not budget.spend():
                    failed.headers["x-should-retry"] = "false"
                    raise
                wait = backoff(retries, self._random, asked=failed.asked_wait)
            retries += 1
            await self._sleep(wait)

    def _request(self, request: ChatRequest, route: Route) -> ChatRequest:
        """As it goes upstream: under the provider's name of the model, and asking for the tokens it costs."""
        request = request.with_model(route.model)
        if (
            request.stream
            and isinstance(request, ChatCompletionsRequest)
            and not request.wants_usage
            and self._config.providers[route.provider].include_usage
        ):
            return request.asking_usage()
        return request

    def _upstream(self, name: str) -> Upstream:
        upstream = self._upstreams.get(name)
        if upstream is None:
            upstream = self._upstreams[name] = self._build(name)
        return upstream

    def _build(self, name: str) -> Upstream:
        provider = self._config.providers[name]
        if not provider.available:
            raise unavailable(name, "its api_key is empty")
        if provider.litellm:
            return LitellmProvider(name, provider, self._pool, self._pool.litellm)
        base_url = provider.base_url or self._pool.bundled.get(name)
        if base_url is None:
            raise unavailable(name, "its model is still starting")
        return CompatibleProvider(name, provider, base_url, self._pool, self._format)
