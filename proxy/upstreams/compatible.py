"""A provider that speaks the OpenAI API over HTTP."""

import asyncio
import errno
import io
import os
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
from yarl import URL

from middleware.messages import Chunk
from middleware.reply import Reply
from proxy.config.model import Provider
from proxy.errors import UpstreamBroke
from proxy.upstreams import failures
from proxy.upstreams.call import Call, UpstreamFailed
from proxy.upstreams.headers import coming_down, going_up, traceparent
from proxy.upstreams.patience import Patience
from proxy.upstreams.pool import Health, Pool
from proxy.upstreams.transfer import Transfer
from proxy.wire.format import WireFormat

_COPIED_AT_ONCE: Final = 1024 * 1024
"""Bytes of a body up to which it is handed to the socket in one piece."""


class CompatibleProvider:
    """Sends calls to `base_url`/chat/completions, or wherever the wire format's path is."""

    def __init__(self, name: str, provider: Provider, base_url: str, pool: Pool, format: WireFormat) -> None:
        self.name = name
        self.url = URL(f"{base_url}/{format.path}", encoded=True)
        self.scrub = failures.Scrubber(secrets_of(provider))
        self._format = format
        self._session = pool.session
        self._loop = asyncio.get_running_loop()
        self._health = pool.health(name, provider)
        shared = {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": pool.user_agent,
            **credentials(provider),
        }
        self._whole_headers = {"accept": "application/json", **shared}
        self._stream_headers = {"accept": "text/event-stream", **shared}
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    @property
    def health(self) -> Health:
        return self._health

    async def send(self, call: Call) -> Reply:
        """Raises `UpstreamFailed`."""
        streams = call.request.stream
        transfer, response = await self._open(call, streams)
        status, headers = response.status, response.headers
        call.answered(status, headers.get("x-request-id"))
        if status != 200 and not 200 <= status < 300:
            raise await self._refused(call, transfer, response)
        content_type = headers.get("content-type", "")
        if content_type.startswith("text/event-stream") or (streams and "json" not in content_type):
            return Reply(
                transfer.chunks(self._format), status=status, headers=coming_down(headers), close=transfer.aclose
            )
        try:
            body = await transfer.whole()
        except UpstreamBroke as error:
            raise failures.broke(self.name, str(error)) from error
        if body[:1] != b"{" and body.lstrip()[:1] != b"{":
            raise failures.not_json(self.name, content_type, body)
        return Reply(_one(self._format.read_whole(body)), status=status, headers=coming_down(headers))

    async def _open(self, call: Call, streams: bool) -> tuple[Transfer, aiohttp.ClientResponse]:
        """Until the head of the answer is in."""
        timeout, exchange, slots = call.route.timeout, call.exchange, self._health.slots
        headers = {
            **(self._stream_headers if streams else self._whole_headers),
            "traceparent": traceparent(exchange.trace_id, exchange.id),
        }
        if exchange.headers:
            headers = {**going_up(exchange.headers), **headers}
        body = call.request.body
        task = asyncio.current_task()
        assert task is not None  # A coroutine runs in a task.
        cancels = task.cancelling()
        patience = Patience(self._loop, first_byte=timeout.first_byte, idle=timeout.idle, give_up=task.cancel)
        admitted = False
        try:
            await slots.acquire()
            admitted = True
            response = await self._session.request(
                "POST",
                self.url,
                data=body if len(body) < _COPIED_AT_ONCE else io.BytesIO(body),
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout(timeout.connect),
            )
        except BaseException as error:
            patience.end()
            if admitted:
                slots.release()
            if isinstance(error, asyncio.CancelledError) and not (patience.expired and task.uncancel() <= cancels):
                call.abandoned()
                raise
            failed = self._failure(error, call, admitted)
            if failed is None:
                call.abandoned()
                raise
            call.failed(failed.message, fault=failed.fault)
            raise failed from error
        return Transfer(call, response, patience, slots, self.scrub), response

    def _failure(self, error: BaseException, call: Call, admitted: bool) -> UpstreamFailed | None:
        """The table of what goes wrong before an answer begins; None for what is not the provider's."""
        timeout = call.route.timeout
        match error:
            case asyncio.CancelledError() if not admitted:
                return failures.busy(self.name, self._health.connections, timeout.first_byte)
            case asyncio.CancelledError():
                return failures.silent(self.name, timeout.first_byte)
            case aiohttp.ConnectionTimeoutError():
                return failures.unreachable(self.name, f"no connection within {timeout.connect:g} s")
            case aiohttp.ClientConnectorCertificateError():
                return failures.unreachable(self.name, "its certificate is not valid")
            case aiohttp.ClientConnectorSSLError():
                return failures.unreachable(self.name, "TLS cannot be agreed on")
            case aiohttp.ClientConnectorDNSError():
                return failures.unreachable(self.name, "its host name cannot be resolved")
            case aiohttp.ClientConnectorError():
                return failures.unreachable(self.name, _reason(error.os_error))
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
                return failures.hung_up(self.name)
            case aiohttp.ClientError():
                return failures.not_http(self.name)
            case OSError():
                return failures.unreachable(self.name, _reason(error))
        return None

    async def _refused(self, call: Call, transfer: Transfer, response: aiohttp.ClientResponse) -> UpstreamFailed:
        status = response.status
        body = await transfer.error()
        if 300 <= status < 400:
            failed = failures.redirected(self.name, status)
        else:
            failed = failures.of_status(
                self.name, status, response.headers, body, scrub=self.scrub, host=self.url.authority
            )
        call.failed(failed.message, fault=failed.fault)
        return failed

    def _timeout(self, connect: float) -> aiohttp.ClientTimeout:
        found = self._timeouts.get(connect)
        if found is None:
            found = self._timeouts[connect] = aiohttp.ClientTimeout(total=None, connect=connect)
        return found


def credentials(provider: Provider) -> dict[str, str]:
    """The provider's own headers; what the YAML writes there wins over the key."""
    key = provider.api_key.get_secret_value() if provider.api_key else ""
    written = {name: value.get_secret_value() for name, value in provider.headers.items()}
    return {"authorization": f"Bearer {key}", **written} if key else written


def secrets_of(provider: Provider) -> list[str]:
    """What may never be told to a client."""
    key = [provider.api_key.get_secret_value()] if provider.api_key else []
    return key + [value.get_secret_value() for value in provider.headers.values()]


def _reason(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return "the connection was refused; is it running?"
    return os.strerror(error.errno) if error.errno else "the connection failed"


async def _one(chunk: Chunk) -> AsyncIterator[Chunk]:
    yield chunk
