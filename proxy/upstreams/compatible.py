"""A provider that speaks an API of ours over HTTP."""

from collections.abc import Mapping
from typing import Final

from multidict import istr
from yarl import URL

from middleware.exchange import Exchange
from middleware.reply import Reply
from proxy.config.model import Provider
from proxy.errors import UpstreamBroke
from proxy.upstreams import failures
from proxy.upstreams.attempts import Attempting, UpstreamFailed
from proxy.upstreams.headers import coming_down, going_up, traceparent
from proxy.upstreams.http import HttpProvider
from proxy.upstreams.pool import Pool
from proxy.upstreams.single import Single
from proxy.upstreams.transfer import Transfer
from proxy.wire.format import WireFormat, WireRequest

_TRACEPARENT: Final = istr("traceparent")


class CompatibleProvider:
    """Sends calls to `base_url`/chat/completions, or wherever the wire format's path is."""

    def __init__(self, name: str, provider: Provider, base_url: str, pool: Pool, format: WireFormat) -> None:
        self._http = HttpProvider(name, provider, base_url, pool, format.key_header)
        self._url = URL(f"{base_url}/{format.path}", encoded=True)
        self._format = format
        always = {**format.defaults, **self._http.headers}
        self._whole = _headers("application/json", always)
        self._streamed = _headers("text/event-stream", always)

    async def send(self, exchange: Exchange, request: WireRequest, attempt: Attempting) -> Reply:
        streams = request.stream
        headers = {
            **(self._streamed if streams else self._whole),
            _TRACEPARENT: traceparent(exchange.trace_id, exchange.id),
        }
        if exchange.headers:
            client = going_up(exchange.headers)
            said = {name: client[name] for name in self._format.defaults if name in client}
            headers = {**client, **headers, **said}
        transfer = await self._http.open("POST", self._url, headers, request.body, attempt)
        status, answered = transfer.response.status, transfer.response.headers
        if not 200 <= status < 300:
            raise await self._refused(transfer, attempt)
        content_type = answered.get("content-type", "")
        if content_type.startswith("text/event-stream") or (streams and "json" not in content_type):
            chunks = transfer.chunks(self._format)
            return Reply(chunks, status=status, headers=coming_down(answered), close=transfer.aclose)
        try:
            body = await transfer.whole()
        except UpstreamBroke as error:
            raise failures.broke(self._http.name, str(error)) from error
        failed = self._not_an_answer(content_type, body)
        if failed is not None:
            attempt.failed(failed.message, fault=failed.fault)
            transfer.finish()
            raise failed
        transfer.finish()
        return Reply(Single(self._format.read_whole(body)), status=status, headers=coming_down(answered))

    def _not_an_answer(self, content_type: str, body: bytes) -> UpstreamFailed | None:
        """Under a status that says it is one."""
        if body[:1] != b"{" and body.lstrip()[:1] != b"{":
            return failures.not_json(self._http.name, content_type, body)
        if not self._format.is_answer(body):
            return failures.of_status(self._http.name, 502, {}, body, self._http.scrub)
        return None

    async def _refused(self, transfer: Transfer, attempt: Attempting) -> UpstreamFailed:
        """The error for an answer that is none."""
        http, response = self._http, transfer.response
        body = await transfer.error()
        if 300 <= response.status < 400:
            failed = failures.redirected(http.name, response.status)
        elif not 400 <= response.status < 600:
            failed = failures.no_status(http.name, response.status)
        else:
            failed = failures.of_status(http.name, response.status, response.headers, body, http.scrub)
        attempt.failed(failed.message, fault=failed.fault)
        return failed


def _headers(accept: str, always: Mapping[str, str]) -> dict[str, str]:
    """Names as aiohttp compares them, so that it need not make them so for each call."""
    found = {"content-type": "application/json", "accept": accept, **always}
    return {istr(name): value for name, value in found.items()}
