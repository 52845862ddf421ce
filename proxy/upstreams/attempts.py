"""One attempt at one provider: where it goes, what it may come to, and the record of how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from middleware.exchange import Exchange
from middleware.reply import Reply
from policies.breaker import Admission
from proxy.config.model import Retries, Timeout
from proxy.errors import ApiError
from proxy.wire.format import WireRequest
from records.run import Attempt


@dataclass(frozen=True, slots=True)
class Route:
    """Where a model is. `name` is that of the configured model whose settings hold, `model` the provider's own."""

    name: str
    provider: str
    model: str
    timeout: Timeout
    retries: Retries
    fallbacks: tuple[str, ...] = ()


class ModelCalled(msgspec.Struct, frozen=True):
    """What goes upstream: recorded when a model is turned to, so a fallback leaves a second. The last is in force.

    `body` is in the client's API; `converted` says that the provider was spoken to in another.
    """

    name: str
    provider: str
    model: str
    body: bytes
    converted: bool = False


class UpstreamFailed(ApiError):
    """A provider did not answer: `retry` and `fall_back` say what may be tried, `fault` if the breaker counts it."""

    retry: bool = False
    fall_back: bool = False
    fault: bool | None = False
    asked_wait: float | None = None
    """Seconds for which the provider asked to be left alone."""

    def may(self, *, retry: bool = False, fall_back: bool = False, fault: bool | None = False) -> "UpstreamFailed":
        self.retry, self.fall_back, self.fault = retry, fall_back or retry, fault
        return self


class Attempting:
    """An attempt under way. Its end is recorded once, whatever comes first."""

    __slots__ = ("_admission", "_ended", "_now", "_record", "request_id", "route", "started_ns", "status")

    def __init__(
        self, route: Route, admission: Admission, record: Callable[[Attempt], None], now_ns: Callable[[], int]
    ) -> None:
        self.route = route
        self.status: int | None = None
        self.request_id: str | None = None
        self._admission = admission
        self._record = record
        self._now = now_ns
        self._ended = False
        self.started_ns = now_ns()

    def answered(self, status: int, request_id: str | None) -> None:
        """The head of the answer came."""
        self.status = status
        self.request_id = request_id
        if status < 400:
            self._admission.answering()

    def succeeded(self) -> None:
        self._admission.succeeded()
        self._end(None)

    def failed(self, error: str, *, fault: bool | None) -> None:
        """`fault`: whether it is the provider's own; None where it tells nothing about the provider."""
        if fault is None:
            self._admission.abandoned()
        elif fault:
            self._admission.failed()
        else:
            self._admission.succeeded()
        self._end(error)

    def abandoned(self) -> None:
        """The client left."""
        self._admission.abandoned()
        self._end("cancelled by the client")

    def _end(self, error: str | None) -> None:
        if self._ended:
            return
        self._ended = True
        self._record(
            Attempt(
                provider=self.route.provider,
                model=self.route.model,
                started_ns=self.started_ns,
                ended_ns=self._now(),
                status=self.status,
                request_id=self.request_id,
                error=error,
            )
        )


class Upstream(Protocol):
    """One provider."""

    async def send(self, exchange: Exchange, request: WireRequest, attempt: Attempting) -> Reply:
        """Raises `UpstreamFailed`; a failure after the reply began comes out of its chunks as `UpstreamBroke`."""
