"""Which headers go up to a provider, and which come down from it: lists of what may pass, so that nothing else does."""

from collections.abc import Iterable, Mapping
from typing import Final

from records.trace import chat_span_id

_NEVER_UP: Final = frozenset(
    {
        "accept-encoding",
        "api-key",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-api-key",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
_DOWN: Final = frozenset({"openai-processing-ms", "openai-version", "retry-after", "retry-after-ms", "x-should-retry"})
_DOWN_PREFIXES: Final = ("x-ratelimit-", "anthropic-ratelimit-")


def traceparent(trace_id: str, run_id: str) -> str:
    """The W3C header that makes the provider's spans children of this call's chat span."""
    return f"00-{trace_id}-{chat_span_id(run_id)}-01"


def going_up(client: Mapping[str, str]) -> dict[str, str]:
    """The client's headers without credentials, framing, addresses and our own. Names are in lower case."""
    named = connection_tokens(client.get("connection", ""))
    return {
        name: value
        for name, value in client.items()
        if name not in _NEVER_UP and name not in named and not name.startswith("x-burnish-")
    }


def coming_down(upstream: Mapping[str, str], also: frozenset[str] = frozenset()) -> dict[str, str]:
    """Limits, waits and timings of the provider, in lower case; and the headers named in `also`."""
    down = {}
    for name, value in upstream.items():
        lower = name.lower()
        if lower in _DOWN or lower in also or lower.startswith(_DOWN_PREFIXES):
            down[lower] = value
    if down and "Connection" in upstream:
        for token in connection_tokens(upstream["Connection"]):
            down.pop(token, None)
    return down


def request_id(answered: Mapping[str, str]) -> str | None:
    """The provider's own name for the call, under either of the names it goes by."""
    return answered.get("x-request-id") or answered.get("request-id")


def connection_tokens(value: str) -> Iterable[str]:
    """The header names that a Connection header declares hop-by-hop, in lower case."""
    return {token.strip().lower() for token in value.split(",")}
