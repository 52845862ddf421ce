"""The end of every chain: sends a call to its model, again where that helps, and to another where this one cannot."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from middleware.exchange import Exchange
from middleware.reply import Reply
from policies.breaker import Breaker
from policies.retries import LONGEST_WAIT, RetryBudget, backoff
from proxy.config.model import Config, Provider
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
        self._lines: dict[str, _Line] = {}
        self._upstreams: dict[str, Upstream] = {}

    async def __call__(self, exchange: Exchange) -> Reply:
        route = self._choice.of(exchange.request.model, exchange.variant)
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
        """Attempts at one model."""
        line = self._lines.get(route.name) or self._connect(route)
        request = exchange.request.with_model(route.model)
        if line.asks_usage and request.stream and isinstance(request, ChatCompletionsRequest):
            request = request if request.wants_usage else request.asking_usage()
        exchange.record(ModelCalled(route.name, route.provider, route.model, request.body))
        line.budget.earn()
        retries = 0
        while True:
            admission = line.breaker.admit()
            if admission is None:
                raise resting(route.provider, line.breaker.wait)
            try:
                attempt = Attempting(route, admission, exchange.record, self._now_ns)
                return await line.upstream.send(exchange, request, attempt)
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
        upstream = self._upstreams.get(route.provider)
        if upstream is None:
            upstream = self._upstreams[route.provider] = self._reach(route.provider, provider)
        breaker = self._pool.health(route.provider, provider).breaker
        budget = self._pool.budget(route.name, route.retries)
        line = self._lines[route.name] = _Line(upstream, breaker, budget, provider.include_usage)
        return line

    def _reach(self, name: str, provider: Provider) -> Upstream:
        if not provider.available:
            raise unavailable(name, "its api_key is empty")
        if provider.litellm:
            return LitellmProvider(name, provider, self._pool, self._pool.litellm)
        base_url = provider.base_url or self._pool.bundled.get(name)
        if base_url is None:
            raise unavailable(name, "its model is still starting")
        return CompatibleProvider(name, provider, base_url, self._pool, self._format)


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands between a configured model and its provider."""

    upstream: Upstream
    breaker: Breaker
    budget: RetryBudget
    asks_usage: bool
