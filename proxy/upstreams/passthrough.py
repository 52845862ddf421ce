"""Any other `/v1/…` route, handed to a provider of the agent's as it comes, and its answer handed back."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from yarl import URL

from proxy.config.model import Config
from proxy.errors import ApiError
from proxy.upstreams import failures
from proxy.upstreams.attempts import Attempting
from proxy.upstreams.choice import ModelChoice
from proxy.upstreams.headers import coming_down, going_up, traceparent
from proxy.upstreams.http import HttpProvider, Upload
from proxy.upstreams.pool import Pool
from proxy.upstreams.transfer import Transfer
from proxy.wire.format import WireFormat
from proxy.wire.formats import FORMATS
from records.run import Attempt

_API_OF: Final = {"responses": "responses", "conversations": "responses", "messages": "messages"}
"""The API whose provider is meant, by the first part of the path; else the default model's."""
_DESCRIBES_BODY: Final = frozenset(
    {
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-language",
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the client made it. `path` is what follows `/v1/`, percent-encoded as it came.

    `headers` are in lower case; `body` is None where there is none, `length` its length where the client told it.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: AsyncIterator[bytes] | None = None
    length: int | None = None


class Answer:
    """What the provider answered. Use as an iterator of bytes, once, and close it."""

    def __init__(
        self, status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes], transfer: Transfer
    ) -> None:
        self.status = status
        self.headers = headers
        self._pieces = pieces
        self._transfer = transfer

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Raises `UpstreamBroke` where the answer breaks off."""
        return self._pieces

    async def aclose(self) -> None:
        """Closes the connection at once where the answer has not ended."""
        self._transfer.abandon()


class Passthrough:
    """One agent's way to the routes that Burnish does not read, for one configuration. Nothing is tried twice."""

    def __init__(self, config: Config, agent: str, pool: Pool, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._config = config
        self._choice = ModelChoice(config, agent)
        self._pool = pool
        self._now_ns = now_ns
        self._providers: dict[tuple[str, str], HttpProvider] = {}

    async def __call__(
        self,
        request: Request,
        *,
        trace_id: str,
        run_id: str,
        record: Callable[[Attempt], None],
        model: str | None = None,
    ) -> Answer:
        """`model`: the configured model whose provider is meant. Raises `ApiError` where no answer begins."""
        format = FORMATS[_API_OF.get(request.path.partition("/")[0], "chat")]
        route = self._choice.routes.get(model or "") or self._choice.speaking(format.name)
        provider = self._provider(route.provider, format)
        url = _url(provider.base_url, request)
        headers = {
            **format.defaults,
            **going_up(request.headers),
            **provider.headers,
            "traceparent": traceparent(trace_id, run_id),
        }
        body = None
        if request.body is not None:
            body = Upload(request.body)
            if request.length is not None:
                headers["content-length"] = str(request.length)
        admission = provider.health.breaker.admit()
        if admission is None:
            raise failures.resting(route.provider, provider.health.breaker.wait)
        attempt = Attempting(route, admission, record, self._now_ns)
        transfer = await provider.open(request.method, url, headers, body, attempt)
        response = transfer.response
        failed = None
        if 300 <= response.status < 400 and response.status != 304:
            failed = failures.redirected(route.provider, response.status)
        elif not 200 <= response.status < 600:
            failed = failures.no_status(route.provider, response.status)
        if failed is not None:
            await transfer.error()
            attempt.failed(failed.message, fault=failed.fault)
            raise failed
        down = coming_down(response.headers, _DESCRIBES_BODY)
        if "content-encoding" in response.headers or response.status in (204, 304):
            down.pop("content-length", None)  # It is decoded on its way, or it is the length of what does not come.
        if response.status < 400:
            return Answer(response.status, down, transfer.pieces(), transfer)
        said = await transfer.error()
        attempt.failed(f"the upstream answered {response.status}", fault=response.status >= 500)
        down.pop("content-length", None)
        return Answer(response.status, down, _one(provider.scrub.document(said)), transfer)

    def _provider(self, name: str, format: WireFormat) -> HttpProvider:
        found = self._providers.get((name, format.key_header))
        if found is None:
            provider = self._config.providers[name]
            base_url = provider.base_url or self._pool.bundled.get(name)
            if base_url is None:
                raise ApiError(
                    404,
                    f"the agent's default provider {name!r} serves chat completions only; no other route passes",
                    type="not_found_error",
                    code="route_not_found",
                )
            found = HttpProvider(name, provider, base_url, self._pool, format.key_header)
            self._providers[name, format.key_header] = found
        return found


def _url(base_url: str, request: Request) -> URL:
    """Below `base_url`, whatever the path tries, and should somebody on the way decode it more than once."""
    segments = unquote(unquote(unquote(request.path))).replace("\\", "/").split("/")
    if ".." in segments or "." in segments or any(not " " < char < "\x7f" for char in request.path + request.query):
        message = f"there is no route {request.path!r}; a path may not hold . or .. and must be percent-encoded"
        raise ApiError(404, message, type="not_found_error", code="route_not_found")
    query = f"?{request.query}" if request.query else ""
    return URL(f"{base_url}/{request.path.lstrip('/')}{query}", encoded=True)


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body
