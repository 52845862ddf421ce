"""One attempt at one provider, from its start to the record of how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from middleware.exchange import Exchange
from middleware.messages import ChatRequest
from middleware.reply import Reply
from policies.breaker import Admission
from proxy.config.model import Retries, Timeout
from proxy.errors import ApiError
from records.run import Attempt


@dataclass(frozen=True, slots=True)
class Route:
    """A model as configured: what clients call it, and where it is."""

    name: str
    provider: str
    model: str
    timeout: Timeout
    retries: Retries
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCalled:
    """What goes upstream: recorded when a model is turned to, so a fallback leaves a second. The last is in force."""

    name: str
    provider: str
    model: str
    body: bytes


class UpstreamFailed(ApiError):
    """A provider did not answer: `retry` and `fall_back` say what may be tried, `fault` if the breaker counts it."""

    retry: bool = False
    fall_back: bool = False
    fault: bool = False
    asked_wait: float | None = None
    """Seconds for which the provider asked to be left alone."""

    def may(self, *, retry: bool = False, fall_back: bool = False, fault: bool = False) -> "UpstreamFailed":
        self.retry, self.fall_back, self.fault = retry, fall_back or retry, fault
        return self


class Call:
    """One attempt. Its end is recorded once, whatever comes first."""

    __slots__ = ("_admission", "_ended", "_now", "exchange", "request", "request_id", "route", "started_ns", "status")

    def __init__(
        self, exchange: Exchange, request: ChatRequest, route: Route, admission: Admission, now_ns: Callable[[], int]
    ) -> None:
        self.exchange = exchange
        self.request = request
        self.route = route
        self.status: int | None = None
        self.request_id: str | None = None
        self._admission = admission
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

    def failed(self, error: str, *, fault: bool) -> None:
        """`fault`: the provider's own, as opposed to one of the request."""
        if fault:
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
        self.exchange.record(
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

    async def send(self, call: Call) -> Reply:
        """Raises `UpstreamFailed`; a failure after the reply began comes out of its chunks as `UpstreamBroke`."""
