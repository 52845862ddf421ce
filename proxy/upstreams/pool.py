"""What outlives a single call: the connections, and what was learned of each provider's health."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Final, Self

import aiohttp

from policies.breaker import Breaker, State
from policies.retries import RetryBudget
from proxy.config.model import Config, Provider, Retries
from proxy.upstreams.estimates import TokenEstimates
from proxy.upstreams.litellm.library import LitellmLibrary
from proxy.upstreams.slots import Slots

_LINGER: Final = 1.0
"""Seconds."""


class Health:
    """A provider's breaker, and the slots for its connections; kept over reloads that do not change their settings."""

    __slots__ = ("breaker", "slots")

    def __init__(self, provider: Provider, clock: Callable[[], float]) -> None:
        self.breaker = Breaker(failures=provider.breaker.failures, cooldown=provider.breaker.cooldown, clock=clock)
        self.slots = Slots(provider.max_connections)


class Pool:
    """One per worker, over all configurations that it will have: `async with Pool() as pool:`.

    `bundled` holds the base URL of each provider that Burnish itself runs; it may be filled while calls are served.
    """

    def __init__(
        self,
        *,
        bundled: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        user_agent: str = "burnish",
    ) -> None:
        self.bundled: Mapping[str, str] = {} if bundled is None else bundled
        self.user_agent = user_agent
        self.litellm = LitellmLibrary()
        self.estimates = TokenEstimates()
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._health: dict[str, tuple[Provider, Health]] = {}
        self._budgets: dict[str, tuple[Retries, RetryBudget]] = {}
        self._lingering: dict[aiohttp.ClientResponse, asyncio.TimerHandle] = {}
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ttl_dns_cache=60)
        self._session = await self._closing.enter_async_context(
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                max_line_size=32 * 1024,
                max_field_size=32 * 1024,
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session = None
        for response in tuple(self._lingering):
            self._part(response)
        await self._closing.aclose()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the pool is not open; use it as `async with Pool() as pool:`")
        return self._session

    def health(self, name: str, provider: Provider) -> Health:
        """The provider's health so far; a new one where its settings changed."""
        known = self._health.get(name)
        if known is None or (known[0] is not provider and known[0] != provider):
            known = self._health[name] = (provider, Health(provider, self._clock))
        return known[1]

    def budget(self, model: str, retries: Retries) -> RetryBudget:
        """The model's budget of retries as it stands; a new one where its settings changed."""
        known = self._budgets.get(model)
        if known is None or (known[0] is not retries and known[0] != retries):
            known = self._budgets[model] = (retries, RetryBudget(retries.budget))
        return known[1]

    def linger(self, response: aiohttp.ClientResponse) -> None:
        """Give the response of a finished stream time to end as HTTP, too, so that its connection can be used again."""
        self._lingering[response] = asyncio.get_running_loop().call_later(_LINGER, self._part, response)
        response.content.on_eof(partial(self._part, response))

    def states(self) -> dict[str, State]:
        """The breaker of each provider that was called."""
        return {name: health.breaker.state for name, (_, health) in self._health.items()}

    def keep(self, config: Config) -> None:
        """Forget what is known of providers and models that are no longer configured."""
        self._health = {name: known for name, known in self._health.items() if name in config.providers}
        self._budgets = {name: known for name, known in self._budgets.items() if name in config.models}

    def _part(self, response: aiohttp.ClientResponse) -> None:
        """The response ended, or had its time."""
        timer = self._lingering.pop(response, None)
        if timer is not None:
            timer.cancel()
            if not response.content.is_eof():
                response.close()
