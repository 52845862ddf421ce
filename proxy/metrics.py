"""What is counted, for Prometheus. Label values come from the configuration or from fixed sets, never from clients."""

from functools import lru_cache
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from proxy.errors import ApiError
from records import Run

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """One per process. Those of one `burnish serve` share a `directory`, and any of them shows the figures of all."""

    def __init__(self, directory: str | None = None) -> None:
        self._directory = directory
        self.registry = registry = CollectorRegistry()
        shared: dict[str, Any] = {"registry": registry}
        self.calls = Counter(
            "burnish_calls", "Calls that ended, by outcome.", ("agent", "variant", "api", "outcome", "status"), **shared
        )
        self.seconds = Histogram(
            "burnish_call_seconds",
            "From a call's arrival to its last byte.",
            ("agent", "api"),
            buckets=_SECONDS,
            **shared,
        )
        self.first = Histogram(
            "burnish_first_chunk_seconds", "From a call's arrival to the upstream's first chunk.", ("agent", "api"),
            buckets=_SECONDS, **shared,
        )  # fmt: skip
        self.tokens = Counter("burnish_tokens", "Tokens as providers counted them.", ("agent", "direction"), **shared)
        self.cost = Counter("burnish_cost_usd", "What calls cost, in US dollars.", ("agent",), **shared)
        self.refusals = Counter(
            "burnish_refused", "Calls refused before the chain.", ("api", "status", "code"), **shared
        )
        self.departures = Counter("burnish_left", "Clients that left before they had sent a call.", ("api",), **shared)
        self.unrecorded = Counter("burnish_unrecorded", "Calls served that are missing from the record.", **shared)
        self.attempts = Counter("burnish_attempts", "Requests to providers.", ("provider", "result"), **shared)
        self.in_flight = Gauge("burnish_in_flight", "Calls being served.", multiprocess_mode="livesum", **shared)
        self.waiting = Gauge("burnish_waiting", "Calls waiting for a place.", multiprocess_mode="livesum", **shared)
        self.exported = Counter("burnish_exported_runs", "Runs sent over OTLP, or dropped.", ("result",), **shared)
        self.lag = Gauge(
            "burnish_index_lag_bytes", "Journal bytes not yet in the store.", multiprocess_mode="max", **shared
        )
        # Looking a labelled child up costs more than counting with it.
        self._ended = lru_cache(maxsize=4096)(self._children)
        self._attempt = lru_cache(maxsize=256)(self.attempts.labels)

    def _children(self, agent: str, variant: str, api: str, outcome: str, status: int) -> tuple[Any, ...]:
        return (
            self.calls.labels(agent, variant, api, outcome, str(status)),
            self.seconds.labels(agent, api),
            self.first.labels(agent, api),
            self.tokens.labels(agent, "input"),
            self.tokens.labels(agent, "output"),
            self.cost.labels(agent),
        )

    def ended(self, run: Run, api: str) -> None:
        calls, seconds, first, tokens_in, tokens_out, cost = self._ended(
            run.agent, run.variant, api, run.outcome, run.status
        )
        calls.inc()
        seconds.observe((run.ended_ns - run.started_ns) / 1e9)
        if run.first_chunk_ns is not None:
            first.observe((run.first_chunk_ns - run.started_ns) / 1e9)
        if run.usage is not None:
            tokens_in.inc(run.usage.input)
            tokens_out.inc(run.usage.output)
        if run.cost_usd:
            cost.inc(run.cost_usd)
        for attempt in run.attempts:
            self._attempt(attempt.provider, "ok" if attempt.error is None else "error").inc()

    def refused(self, api: str, error: ApiError) -> None:
        self.refusals.labels(api, str(error.status), error.code or error.type).inc()

    def left(self, api: str) -> None:
        self.departures.labels(api).inc()

    def exposition(self) -> bytes:
        """All processes' figures added up, in the text format."""
        if self._directory is None:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, path=self._directory)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
