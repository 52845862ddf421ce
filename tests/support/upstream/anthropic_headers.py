"""The headers of Anthropic's answers and errors: the request's id, the organization, and what it may still ask."""

from tests.support.upstream.received import Received

_LIMITS = {"requests": 1000, "tokens": 100_000, "input-tokens": 80_000, "output-tokens": 20_000}


def anthropic_headers(request: Received) -> tuple[tuple[str, str], ...]:
    limits = []
    for name, limit in _LIMITS.items():
        stem = f"anthropic-ratelimit-{name}"
        limits += [
            (f"{stem}-limit", str(limit)),
            (f"{stem}-remaining", str(limit - 1)),
            (f"{stem}-reset", "2026-01-31T00:00:00Z"),
        ]
    organization = ("anthropic-organization-id", "00000000-0000-4000-8000-000000000001")
    return (("request-id", f"req_{request.number}"), organization, *limits)
