"""The way to one provider over HTTP: a slot, a connection, a request; until the head of an answer is in."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeAlias

import aiohttp
from yarl import URL

from proxy.config.model import Provider, Timeout
from proxy.upstreams import failures
from proxy.upstreams.attempts import Attempting, UpstreamFailed
from proxy.upstreams.headers import request_id
from proxy.upstreams.patience import Patience
from proxy.upstreams.pool import Pool
from proxy.upstreams.transfer import Transfer

_COPIED_AT_ONCE: Final = 1024 * 1024
"""Bytes of a body up to which it is handed to the socket in one piece."""


class Upload:
    """A body that is still coming from the client."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self.progress: Callable[[], None] | None = None
        """Called after each piece: while it uploads, nobody waits for the provider."""
        self.error: BaseException | None = None
        """What the client's side raised, if it did: not the provider's doing."""
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                yield piece
                if self.progress is not None:
                    self.progress()
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = error
            raise


Body: TypeAlias = bytes | Upload | None


class HttpProvider:
    """One provider's address, credentials and slots."""

    def __init__(
        self, name: str, provider: Provider, base_url: str, pool: Pool, key_header: str = "authorization"
    ) -> None:
        self.name = name
        self.base_url = base_url
        self.health = pool.health(name, provider)
        self.headers: Mapping[str, str] = {
            "accept-encoding": "identity",
            "user-agent": pool.user_agent,
            **credentials(provider, key_header),
        }
        """What every request carries, whatever the client sent."""
        self.scrub = failures.Scrubber(secrets(provider), URL(base_url).authority)
        self._pool = pool
        self._session = pool.session
        self._loop = asyncio.get_running_loop()
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def open(
        self, method: str, url: URL, headers: Mapping[str, str], body: Body, attempt: Attempting
    ) -> Transfer:
        """Raises `UpstreamFailed` where no answer begins. An error of the provider's is an answer."""
        timeout, slots = attempt.route.timeout, self.health.slots
        task = asyncio.current_task()
        assert task is not None  # A coroutine runs in a task.
        patience = Patience(self._loop, task, timeout.first_byte, timeout.idle)
        data: bytes | io.BytesIO | Upload | None = body
        if isinstance(body, Upload):
            body.progress = patience.wait
        elif body is not None and len(body) > _COPIED_AT_ONCE:
            data = io.BytesIO(body)
        admitted = slots.take()
        try:
            if not admitted:
                await slots.wait()
                admitted = True
            response = await self._session.request(
                method, url, data=data, headers=headers, allow_redirects=False, timeout=self._timeout(timeout.connect)
            )
        except BaseException as error:
            patience.end()
            if admitted:
                slots.give_back()
            if patience.ended_by(error):
                failed = self._too_long(admitted, timeout)
            elif isinstance(body, Upload) and body.error is not None:
                attempt.abandoned()
                raise body.error from None
            elif isinstance(error, Exception):
                failed = self._failure(error, timeout)
            else:
                attempt.abandoned()
                raise
            attempt.failed(failed.message, fault=failed.fault)
            raise failed from error
        attempt.answered(response.status, request_id(response.headers))
        return Transfer(attempt, response, patience, self)

    def ended(self) -> None:
        """A transfer takes no slot any more."""
        self.health.slots.give_back()

    def linger(self, response: aiohttp.ClientResponse) -> None:
        """For a response whose answer is complete, but not its HTTP body."""
        self._pool.linger(response)

    def _failure(self, error: Exception, timeout: Timeout) -> UpstreamFailed:
        """The table of what goes wrong before an answer begins."""
        match error:
            case aiohttp.ConnectionTimeoutError():
                return failures.unreachable(self.name, f"no connection within {timeout.connect:g} s")
            case aiohttp.ClientConnectorCertificateError():
                return failures.unreachable(self.name, "its certificate is not valid")
            case aiohttp.ClientConnectorSSLError():
                return failures.unreachable(self.name, "TLS cannot be agreed on")
            case aiohttp.ClientConnectorDNSError():
                return failures.unreachable(self.name, "its host name cannot be resolved")
            case aiohttp.ClientConnectorError():
                return failures.unreachable(self.name, failures.reason(error.os_error))
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
                return failures.hung_up(self.name)
            case OSError():
                return failures.unreachable(self.name, failures.reason(error))
            case aiohttp.ClientError():
                return failures.not_http(self.name)
        return failures.unexpected(self.name, error)

    def _too_long(self, admitted: bool, timeout: Timeout) -> UpstreamFailed:
        """Whether the provider kept silent, or the queue before it was long."""
        if admitted:
            return failures.silent(self.name, timeout.first_byte)
        return failures.busy(self.name, self.health.slots.count, timeout.first_byte)

    def _timeout(self, connect: float) -> aiohttp.ClientTimeout:
        found = self._timeouts.get(connect)
        if found is None:
            found = self._timeouts[connect] = aiohttp.ClientTimeout(total=None, connect=connect)
        return found


def credentials(provider: Provider, key_header: str = "authorization") -> dict[str, str]:
    """The provider's own headers; what the YAML writes there wins over the key."""
    key = provider.api_key.get_secret_value() if provider.api_key else ""
    written = {name: value.get_secret_value() for name, value in provider.headers.items()}
    if not key or (key_header != "authorization" and "authorization" in map(str.lower, written)):
        return written
    return {key_header: f"Bearer {key}" if key_header == "authorization" else key, **written}


def secrets(provider: Provider) -> list[str]:
    """What may never be told to a client."""
    key = [provider.api_key.get_secret_value()] if provider.api_key else []
    return key + [value.get_secret_value() for value in provider.headers.values()]
